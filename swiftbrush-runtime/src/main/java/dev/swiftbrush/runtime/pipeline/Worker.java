package dev.swiftbrush.runtime.pipeline;

import dev.swiftbrush.GenerationEvent.StageName;
import dev.swiftbrush.GenerationException;
import dev.swiftbrush.ImageSize;
import dev.swiftbrush.NoiseGenerator;
import dev.swiftbrush.Timings;
import dev.swiftbrush.runtime.noise.Noise;
import dev.swiftbrush.runtime.session.Cancellation;
import dev.swiftbrush.runtime.session.HostTensor;
import dev.swiftbrush.runtime.tensor.DType;
import dev.swiftbrush.runtime.text.TokenizedPrompt;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** One session of a lane: takes batches from the queue and draws them until the queue is closed. */
final class Worker implements Runnable {
    private final Lane lane;
    private final JobQueue queue;
    private final ModelShape shape;
    private final PromptCache prompts;
    private final NoiseGenerator noise;
    private final Metrics metrics;
    private final Buffers buffers = new Buffers();

    Worker(Lane lane, JobQueue queue, ModelShape shape, PromptCache prompts, NoiseGenerator noise, Metrics metrics) {
        this.lane = lane;
        this.queue = queue;
        this.shape = shape;
        this.prompts = prompts;
        this.noise = noise;
        this.metrics = metrics;
    }

    @Override
    public void run() {
        for (Batch batch = queue.take(lane); batch != null; batch = queue.take(lane)) {
            List<Job> jobs = batch.jobs();
            List<Picture> pictures = List.of();
            Throwable failure = null;
            try {
                jobs = batch.jobs().stream().filter(job -> !job.isOver()).toList();
                pictures = jobs.isEmpty() ? pictures : draw(batch, jobs);
            } catch (Throwable e) { // whatever it is: whoever waits has to learn of it, and the session goes on
                failure = e;
            }
            queue.done(batch); // first, so that whoever waits finds the place free
            for (int i = 0; i < jobs.size(); i++) {
                if (failure == null) {
                    jobs.get(i).picture.complete(pictures.get(i));
                } else {
                    jobs.get(i).picture.completeExceptionally(failure);
                }
            }
        }
    }

    /** Draws one picture and discards it, so that the device has done all that it does but once. */
    void warmUp(TokenizedPrompt prompt, ImageSize size) {
        Job job = new Job(prompt, Duration.ZERO, 0, size);
        draw(new Batch(lane, List.of(job), new Cancellation()), List.of(job));
    }

    private List<Picture> draw(Batch batch, List<Job> jobs) {
        Networks networks = lane.enter();
        boolean failed = false;
        try {
            return draw(networks, batch, jobs);
        } catch (GenerationException e) {
            failed = !batch.cancellation().isCancelled();
            throw e;
        } finally {
            lane.leave(failed);
        }
    }

    private List<Picture> draw(Networks networks, Batch batch, List<Job> jobs) {
        long taken = System.nanoTime();
        ImageSize size = jobs.get(0).size;
        jobs.forEach(job -> metrics.stage(StageName.WAITING, job.waited(taken), 1, lane));
        StopWatch watch = new StopWatch();
        HostTensor states = states(networks, batch, jobs);
        Duration encoding = watch.lap();
        metrics.stage(StageName.ENCODING, encoding, jobs.size(), lane);
        HostTensor latents = noise(jobs, size);
        Duration drawing = watch.lap();
        metrics.stage(StageName.NOISE, drawing, jobs.size(), lane);
        HostTensor pixels = buffers.tensor("pixels", DType.U8, jobs.size(), size.height(), size.width(), 3);
        networks.generate(latents, states, pixels, batch.cancellation());
        Duration generating = watch.lap();
        metrics.stage(StageName.GENERATING, generating, jobs.size(), lane);

        List<Picture> pictures = new ArrayList<>();
        for (Job job : jobs) {
            byte[] rgb = row(pixels.data(), pictures.size(), jobs.size());
            Timings timings = new Timings(job.waited(taken), job.tokenizing, encoding, drawing, generating, job.age());
            pictures.add(new Picture(rgb, timings));
        }
        return pictures;
    }

    /** One prompt's states as they are kept; those of several laid one behind the other. */
    private HostTensor states(Networks networks, Batch batch, List<Job> jobs) {
        long[] one = {1, shape.tokens(), shape.hiddenWidth()};
        if (jobs.size() == 1) {
            return new HostTensor(DType.F32, one, encode(networks, batch, jobs.get(0)));
        }
        HostTensor all = buffers.tensor("states", DType.F32, jobs.size(), shape.tokens(), shape.hiddenWidth());
        ByteBuffer rows = all.data().duplicate();
        jobs.forEach(job -> rows.put(encode(networks, batch, job)));
        return all;
    }

    private ByteBuffer encode(Networks networks, Batch batch, Job job) {
        return prompts.get(job.prompt.ids(), ids -> {
            HostTensor input = buffers.tensor("ids", DType.I64, 1, ids.length);
            input.data().asLongBuffer().put(ids);
            HostTensor states = HostTensor.allocate(DType.F32, 1, shape.tokens(), shape.hiddenWidth());
            networks.encode(input, states, batch.cancellation());
            return states.data();
        });
    }

    private HostTensor noise(List<Job> jobs, ImageSize size) {
        int height = size.height() / shape.latentScale();
        int width = size.width() / shape.latentScale();
        HostTensor latents = buffers.tensor("noise", DType.F32, jobs.size(), shape.latentChannels(), height, width);
        FloatBuffer all = latents.data().asFloatBuffer();
        int count = all.remaining() / jobs.size();
        for (int i = 0; i < jobs.size(); i++) {
            Noise.fill(noise, jobs.get(i).seed, all.slice(i * count, count));
        }
        return latents;
    }

    private static byte[] row(ByteBuffer pixels, int index, int rows) {
        byte[] rgb = new byte[pixels.remaining() / rows];
        pixels.get(index * rgb.length, rgb);
        return rgb;
    }
}
