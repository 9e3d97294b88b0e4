package dev.swiftbrush.runtime.export;

import dev.swiftbrush.runtime.tensor.Shape;
import dev.swiftbrush.runtime.tensor.Window;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/** The ways to write a convolution of an image. */
enum ConvolutionForm {
    /** ONNX's own operator. */
    DIRECT,

    /** {@link Winograd#SAME}. */
    WINOGRAD,

    /** The same for images that are always a whole number of tiles, so that none is cut. */
    WINOGRAD_WHOLE,

    /** {@link Winograd#DOUBLED}: the image was upsampled before, which is then left out. */
    WINOGRAD_DOUBLED,

    WINOGRAD_DOUBLED_WHOLE;

    /** Says for one convolution or group norm after the other, in the order in which a network asks for them, how it is written. */
    interface Choice {
        /**
         * @param image that is convolved, after the upsampling if there is one
         * @param doubled whether that image was upsampled and its source can be had
         */
        ConvolutionForm next(Shape image, Shape weight, Window window, boolean doubled);

        /** Whether the group norm of an image is spread over operators, see {@link GroupNormNodes}. */
        default boolean spreadsNorm(Shape image) {
            return false;
        }
    }

    static Choice direct() {
        return (image, weight, window, doubled) -> DIRECT;
    }

    /**
     * Chooses, for group norms too, by the sizes of the images, which must all be known, and remembers what was chosen. Then the same network is
     * written with open sizes. Latents are always multiples of the least ones, of which {@code down} times {@code across} make those
     * here; and images are only ever doubled and halved. So whose height is n here, its height is always a multiple of
     * n / {@code down}.
     */
    record Survey(int down, int across, List<ConvolutionForm> chosen, List<Boolean> norms) implements Choice {
        /** Below, a convolution by Winograd is slower, or its larger weights gain too little (docs/adr/0009). */
        private static final int MIN_CHANNELS = 128;

        private static final int MIN_PIXELS = 64 * 64;
        private static final int MIN_DOUBLED_CHANNELS = 64;
        private static final int MIN_DOUBLED_PIXELS = 32 * 32;

        /** Below, little is gained, and a graph of so many more nodes takes long to open. */
        private static final int MIN_NORM_PIXELS = 128 * 128;

        Survey(int down, int across) {
            this(down, across, new ArrayList<>(), new ArrayList<>());
        }

        @Override
        public ConvolutionForm next(Shape image, Shape weight, Window window, boolean doubled) {
            ConvolutionForm form = form(image, weight, window, doubled);
            chosen.add(form);
            return form;
        }

        @Override
        public boolean spreadsNorm(Shape image) {
            boolean large = Math.multiplyExact(image.get(2), image.get(3)) >= MIN_NORM_PIXELS;
            norms.add(large);
            return large;
        }

        private ConvolutionForm form(Shape image, Shape weight, Window window, boolean doubled) {
            boolean fits = weight.get(2) == Winograd.KERNEL
                    && window.equals(Window.same(Winograd.KERNEL))
                    && weight.get(1) % Winograd.GROUPS == 0;
            long channels = Math.min(weight.get(0), weight.get(1));
            long pixels = Math.multiplyExact(image.get(2), image.get(3));
            boolean whole = image.get(2) % ((long) down * Winograd.TILE) == 0
                    && image.get(3) % ((long) across * Winograd.TILE) == 0;
            if (fits && doubled && channels >= MIN_DOUBLED_CHANNELS && pixels >= MIN_DOUBLED_PIXELS) {
                return whole ? WINOGRAD_DOUBLED_WHOLE : WINOGRAD_DOUBLED;
            }
            if (fits && channels >= MIN_CHANNELS && pixels >= MIN_PIXELS) {
                return whole ? WINOGRAD_WHOLE : WINOGRAD;
            }
            return DIRECT;
        }

        /** The same choices again, from the first on. */
        Choice again() {
            return new Again(List.copyOf(chosen).iterator(), List.copyOf(norms).iterator());
        }
    }

    /** What was chosen before. */
    record Again(Iterator<ConvolutionForm> forms, Iterator<Boolean> norms) implements Choice {
        @Override
        public ConvolutionForm next(Shape image, Shape weight, Window window, boolean doubled) {
            return forms.next();
        }

        @Override
        public boolean spreadsNorm(Shape image) {
            return norms.next();
        }
    }
}
