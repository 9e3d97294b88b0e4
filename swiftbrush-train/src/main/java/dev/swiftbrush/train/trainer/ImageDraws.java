package dev.swiftbrush.train.trainer;

import dev.swiftbrush.train.data.CaptionedImages;
import dev.swiftbrush.train.data.CaptionedImages.Entry;
import dev.swiftbrush.train.data.EpochOrder;
import dev.swiftbrush.train.objective.Draws;
import dev.swiftbrush.train.objective.Draws.Use;
import java.util.Arrays;

/** Which pictures a step sees: all of them once an epoch, or by their weights. Use from one thread. */
public final class ImageDraws {
    private static final int RESOLUTION = 1 << 30;

    private final CaptionedImages images;
    private final Draws draws;
    private final EpochOrder order;
    private final int samplesPerStep;
    private final double[] bounds;

    /** A picture that was drawn. */
    public record Drawn(Entry entry, boolean mirrored) {}

    public ImageDraws(CaptionedImages images, Draws draws, long seed, int samplesPerStep) {
        this.images = images;
        this.draws = draws;
        this.order = new EpochOrder(images.entries().size(), seed);
        this.samplesPerStep = samplesPerStep;
        this.bounds = images.isWeighted() ? bounds(images) : new double[0];
    }

    private static double[] bounds(CaptionedImages images) {
        double[] bounds = new double[images.entries().size()];
        double sum = 0;
        for (int i = 0; i < bounds.length; i++) {
            sum += images.entries().get(i).weight();
            bounds[i] = sum;
        }
        return bounds;
    }

    /** The picture of one sample of a step. */
    public Drawn draw(long step, long sample) {
        Entry entry = images.entries().get(index(step, sample));
        return new Drawn(entry, entry.mirrors() && draws.chance(Use.MIRROR, step, sample, 0.5));
    }

    private int index(long step, long sample) {
        if (bounds.length == 0) {
            return order.index(step * samplesPerStep + sample);
        }
        double share = draws.integer(Use.IMAGE, step, sample, 0, RESOLUTION - 1) / (double) RESOLUTION;
        int found = Arrays.binarySearch(bounds, share * bounds[bounds.length - 1]);
        return found >= 0 ? found + 1 : -found - 1;
    }

    public long epoch(long step) {
        return order.epoch(step * samplesPerStep);
    }
}
