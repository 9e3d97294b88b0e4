package dev.swiftbrush.train.trainer;

import dev.swiftbrush.train.objective.Denoiser;
import dev.swiftbrush.train.objective.Draws;
import dev.swiftbrush.train.objective.Draws.Use;
import dev.swiftbrush.train.report.ImageGrid;
import dev.swiftbrush.train.report.ImageGrid.Picture;
import dev.swiftbrush.train.torch.NoGrad;
import dev.swiftbrush.train.torch.Region;
import dev.swiftbrush.train.torch.TorchTensor;
import dev.swiftbrush.train.torch.TorchWeights;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The pictures by which a run is watched: the same prompts from the same noise every time. Use from one thread.
 *
 * @param prompts what the pictures are of
 * @param states their hidden states {@code [n, N, D]}
 * @param width of a picture, in pixels
 * @param height of a picture, in pixels
 */
public record Samples(List<String> prompts, TorchTensor states, Draws draws, Painter painter, int width, int height) {
    private static final int MOST_PIXELS = 256;

    /** Writes a grid with a column for each prompt and a row for each of {@code students}. */
    void draw(Denoiser denoiser, List<TorchWeights> students, int latentWidth, int latentHeight, Path png) {
        List<Picture> pictures = new ArrayList<>();
        for (TorchWeights weights : students) {
            for (int i = 0; i < prompts.size(); i++) {
                byte[] rgb = paint(denoiser, weights, i, latentWidth, latentHeight);
                pictures.add(new Picture(rgb, width, height, prompts.get(i)));
            }
        }
        new ImageGrid(prompts.size(), Math.min(MOST_PIXELS, Math.max(width, height))).write(png, pictures);
    }

    private byte[] paint(Denoiser denoiser, TorchWeights weights, int sample, int latentWidth, int latentHeight) {
        int channels = denoiser.unet().config().inChannels();
        try (NoGrad noGrad = NoGrad.begin();
                Region region = Region.open()) {
            TorchTensor noise = TorchTensor.of(
                    draws.normal(Use.SAMPLE, 0, sample, channels * latentHeight * latentWidth),
                    denoiser.device(),
                    1,
                    channels,
                    latentHeight,
                    latentWidth);
            TorchTensor latents =
                    denoiser.generate(weights, noise, denoiser.schedule().timesteps() - 1, states.narrow(0, sample, 1));
            return painter.paint(latents).get(0);
        }
    }
}
