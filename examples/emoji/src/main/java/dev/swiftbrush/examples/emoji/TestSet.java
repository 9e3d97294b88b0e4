package dev.swiftbrush.examples.emoji;

import dev.swiftbrush.train.data.CaptionedImages;
import dev.swiftbrush.train.data.CaptionedImages.Entry;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/**
 * Captions to draw by, and the real pictures under them.
 *
 * @param captions their numbers in {@code images}
 */
record TestSet(CaptionedImages images, List<Integer> captions) {

    /** Some captions, drawn as a training draws them. */
    static TestSet some(CaptionedImages images, int count, long seed) {
        Random random = new Random(seed);
        Set<Integer> captions = new LinkedHashSet<>();
        int wanted = Math.min(count, images.captions().size());
        while (captions.size() < wanted) {
            captions.add(draw(images.entries(), random).caption());
        }
        return new TestSet(images, List.copyOf(captions));
    }

    List<String> texts() {
        return captions.stream().map(images.captions()::get).toList();
    }

    /**
     * Real pictures as a perfect model would draw them: each at random, by weight, and half of those that may be are mirrored.
     *
     * @param each pictures of every caption
     */
    List<byte[]> real(int each, long seed) {
        Random random = new Random(seed);
        List<byte[]> pictures = new ArrayList<>();
        for (int caption : captions) {
            List<Entry> entries = images.entries().stream()
                    .filter(entry -> entry.caption() == caption)
                    .toList();
            for (int i = 0; i < each; i++) {
                Entry entry = draw(entries, random);
                byte[] rgb = images.pictures().get(entry.picture());
                pictures.add(entry.mirrors() && random.nextBoolean() ? mirrored(rgb) : rgb);
            }
        }
        return pictures;
    }

    private static Entry draw(List<Entry> entries, Random random) {
        double left = random.nextDouble()
                * entries.stream().mapToDouble(Entry::weight).sum();
        for (Entry entry : entries) {
            left -= entry.weight();
            if (left < 0) {
                return entry;
            }
        }
        return entries.get(entries.size() - 1);
    }

    private byte[] mirrored(byte[] rgb) {
        int width = images.width();
        byte[] result = new byte[rgb.length];
        for (int i = 0; i < rgb.length / 3; i++) {
            int from = i - i % width + width - 1 - i % width;
            System.arraycopy(rgb, 3 * from, result, 3 * i, 3);
        }
        return result;
    }
}
