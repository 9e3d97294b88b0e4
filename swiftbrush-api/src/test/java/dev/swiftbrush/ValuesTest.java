package dev.swiftbrush;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.swiftbrush.GenerationEvent.StageName;
import java.time.Duration;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class ValuesTest {

    private static void assertRefused(ThrowingCallable call, String message) {
        assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class).hasMessage(message);
    }

    @Test
    void aSizeHasSidesFrom1To16384() {
        assertThat(new ImageSize(1, 16384)).hasToString("1x16384");
        assertRefused(() -> new ImageSize(0, 64), "width must be positive, but was 0");
        assertRefused(() -> new ImageSize(64, -1), "height must be positive, but was -1");
        assertRefused(() -> new ImageSize(16385, 64), "width must be at most 16384, but was 16385");
        assertRefused(() -> new ImageSize(64, 16385), "height must be at most 16384, but was 16385");
    }

    @Test
    void aDeviceSaysWhatItIs() {
        assertThat(Device.auto()).hasToString("auto").isEqualTo(Device.auto());
        assertThat(Device.cuda(0)).hasToString("cuda:0").isEqualTo(new Device.Cuda(0));
        assertThat(Device.cpu()).hasToString("cpu").isEqualTo(new Device.Cpu(0));
        assertThat(Device.cpu(1)).hasToString("cpu with 1 thread");
        assertThat(Device.cpu(2)).hasToString("cpu with 2 threads");
    }

    @Test
    void aDeviceRefusesNumbersThatNoMachineHas() {
        assertRefused(() -> Device.cuda(-1), "CUDA device index must not be negative, but was -1");
        assertRefused(() -> Device.cpu(0), "threads must be positive, but was 0; cpu() takes one for each core");
        assertRefused(() -> Device.cpu(1025), "threads must be at most 1024, but was 1025");
        assertRefused(() -> new Device.Cpu(-1), "threads must not be negative, but was -1");
    }

    @Test
    void thePoolRunsOneRequestAtOnceAndJoinsNoneByDefault() {
        assertThat(PoolOptions.defaults()).isEqualTo(new PoolOptions(1, 64, Duration.ofSeconds(30), 1, Duration.ZERO));
    }

    @Test
    void thePoolsOptionsChangeOneByOne() {
        Duration delay = Duration.ofMillis(5);

        assertThat(PoolOptions.defaults()
                        .withMaxConcurrent(2)
                        .withMaxQueue(0)
                        .withMaxWait(Duration.ZERO)
                        .withMaxBatch(64)
                        .withMaxDelay(delay))
                .isEqualTo(new PoolOptions(2, 0, Duration.ZERO, 64, delay));
        assertThat(PoolOptions.defaults()
                        .withMaxDelay(delay)
                        .withMaxBatch(64)
                        .withMaxWait(Duration.ZERO)
                        .withMaxQueue(0)
                        .withMaxConcurrent(2))
                .isEqualTo(new PoolOptions(2, 0, Duration.ZERO, 64, delay));
    }

    @Test
    void thePoolRefusesNumbersThatLetNothingRunOrWaitForEver() {
        PoolOptions options = PoolOptions.defaults();

        assertRefused(() -> options.withMaxConcurrent(0), "maxConcurrent must be positive, but was 0");
        assertRefused(() -> options.withMaxQueue(-1), "maxQueue must not be negative, but was -1");
        assertRefused(() -> options.withMaxWait(Duration.ofSeconds(-1)), "maxWait must not be negative, but was PT-1S");
        assertRefused(
                () -> options.withMaxWait(Duration.ofDays(366)), "maxWait must be at most 365 days, but was PT8784H");
        assertRefused(() -> options.withMaxWait(null), "maxWait must not be null");
        assertRefused(() -> options.withMaxBatch(0), "maxBatch must be from 1 to 64, but was 0");
        assertRefused(() -> options.withMaxBatch(65), "maxBatch must be from 1 to 64, but was 65");
        assertRefused(
                () -> options.withMaxDelay(Duration.ofMillis(-1)), "maxDelay must not be negative, but was PT-0.001S");
        assertRefused(
                () -> options.withMaxDelay(Duration.ofMillis(10_001)),
                "maxDelay must be at most 10 seconds, but was PT10.001S");
        assertRefused(() -> options.withMaxDelay(null), "maxDelay must not be null");
    }

    @Test
    void aTruncationHasMoreTokensThanTheLimit() {
        assertThat(new PromptTruncation(78, 77, " fox").dropped()).isEqualTo(" fox");
        assertRefused(() -> new PromptTruncation(77, 77, " fox"), "tokens must be over the limit of 77, but was 77");
        assertRefused(() -> new PromptTruncation(1, 0, " fox"), "limit must be positive, but was 0");
        assertRefused(() -> new PromptTruncation(78, 77, null), "dropped must not be null");
    }

    @Test
    void timingsAreNeverNegative() {
        Duration none = Duration.ZERO;
        Duration negative = Duration.ofNanos(-1);

        assertRefused(
                () -> new Timings(none, none, none, none, negative, none),
                "generating must not be negative, but was PT-0.000000001S");
        assertRefused(() -> new Timings(none, none, none, none, none, null), "total must not be null");
    }

    @Test
    void anEventIsWhole() {
        assertThatCode(() -> new GenerationEvent.Stage(StageName.TOKENIZING, Duration.ZERO, 1, null))
                .doesNotThrowAnyException();
        assertRefused(() -> new GenerationEvent.Stage(null, Duration.ZERO, 1, "cpu"), "stage must not be null");
        assertRefused(() -> new GenerationEvent.Stage(StageName.NOISE, null, 1, "cpu"), "time must not be null");
        assertRefused(
                () -> new GenerationEvent.Stage(StageName.NOISE, Duration.ofSeconds(-1), 1, "cpu"),
                "time must not be negative, but was PT-1S");
        assertRefused(
                () -> new GenerationEvent.Stage(StageName.NOISE, Duration.ZERO, 0, "cpu"),
                "batch must be positive, but was 0");
        assertRefused(() -> new GenerationEvent.Completed(null, new ImageSize(64, 64)), "total must not be null");
        assertRefused(() -> new GenerationEvent.Completed(Duration.ZERO, null), "size must not be null");
        assertRefused(() -> new GenerationEvent.Failed(null), "reason must not be null");
    }

    @Test
    void statsHaveLatencies() {
        Duration none = Duration.ZERO;

        assertRefused(() -> new Stats(1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, null), "latency must not be null");
        assertRefused(() -> new Stats.Latencies(-1, none, none, none, none), "count must not be negative, but was -1");
        assertRefused(() -> new Stats.Latencies(0, none, null, none, none), "p95 must not be null");
        assertRefused(
                () -> new Stats.Latencies(0, none, none, none, Duration.ofSeconds(-1)),
                "max must not be negative, but was PT-1S");
    }

    @Test
    void provenanceIsWhole() {
        assertRefused(() -> new Provenance(null, 1, "m", "r", "n", "l", "f"), "prompt must not be null");
        assertRefused(() -> new Provenance("p", 1, null, "r", "n", "l", "f"), "model must not be null");
        assertRefused(() -> new Provenance("p", 1, "m", null, "n", "l", "f"), "recipe must not be null");
        assertRefused(() -> new Provenance("p", 1, "m", "r", null, "l", "f"), "noise must not be null");
        assertRefused(() -> new Provenance("p", 1, "m", "r", "n", null, "f"), "licence must not be null");
        assertRefused(() -> new Provenance("p", 1, "m", "r", "n", "l", null), "fingerprint must not be null");
    }

    @Test
    void aModelMayHaveNoDefaultSize() {
        assertThatCode(() -> model("cpu", 1, 1, Licence.UNKNOWN, TestImages.FINGERPRINT))
                .doesNotThrowAnyException();
        assertRefused(
                () -> model("cpu", 0, 77, Licence.UNKNOWN, TestImages.FINGERPRINT),
                "sizeMultiple must be positive, but was 0");
        assertRefused(
                () -> model("cpu", 64, 0, Licence.UNKNOWN, TestImages.FINGERPRINT),
                "maxTokens must be positive, but was 0");
        assertRefused(() -> model(null, 64, 77, Licence.UNKNOWN, TestImages.FINGERPRINT), "device must not be null");
        assertRefused(() -> model("cpu", 64, 77, null, TestImages.FINGERPRINT), "licence must not be null");
        assertRefused(() -> model("cpu", 64, 77, Licence.UNKNOWN, null), "fingerprint must not be null");
    }

    private static ModelInfo model(String device, int multiple, int tokens, Licence licence, Fingerprint fingerprint) {
        return new ModelInfo("m", "r", device, "FP32", null, multiple, tokens, licence, fingerprint);
    }

    @Test
    void progressIsWithinWhatThereIs() {
        assertThat(new DownloadProgress("o/n", 3, 9, 1, 2).isComplete()).isFalse();
        assertThat(new DownloadProgress("o/n", 9, 9, 2, 2).isComplete()).isTrue();
        assertRefused(() -> new DownloadProgress(null, 0, 1, 0, 1), "model must not be null");
        assertRefused(() -> new DownloadProgress("o/n", 2, 1, 0, 1), "doneBytes must be from 0 to 1, but was 2");
        assertRefused(() -> new DownloadProgress("o/n", 0, 1, -1, 1), "doneFiles must be from 0 to 1, but was -1");
    }
}
