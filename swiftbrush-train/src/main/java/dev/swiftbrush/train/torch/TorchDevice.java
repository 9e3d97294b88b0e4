package dev.swiftbrush.train.torch;

import dev.swiftbrush.DeviceException;
import java.util.Objects;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.global.torch;

/** Where tensors lie and are computed with. */
public final class TorchDevice {
    private static final class Holder {
        static final TorchDevice CPU = new TorchDevice("cpu", new Device("cpu"));
    }

    private final String name;
    private final Device value;

    private TorchDevice(String name, Device value) {
        this.name = name;
        this.value = value;
    }

    public static TorchDevice cpu() {
        return Holder.CPU;
    }

    /** Whether libtorch can use a GPU. */
    public static boolean hasCuda() {
        return torch.cuda_is_available();
    }

    /**
     * A GPU.
     *
     * @throws DeviceException if libtorch cannot use it; it would otherwise silently compute on the CPU
     */
    public static TorchDevice cuda(int index) {
        if (!torch.cuda_is_available()) {
            throw new DeviceException(
                    "cuda:%d was asked for, but this libtorch has no CUDA or finds no GPU; add the classifier %s of org.bytedeco:pytorch instead of the CPU one, and check the driver"
                            .formatted(index, "linux-x86_64-gpu"));
        }
        long count = torch.getNumGPUs();
        if (index < 0 || index >= count) {
            throw new DeviceException("cuda:%d was asked for, but there are %d GPUs".formatted(index, count));
        }
        String name = "cuda:" + index;
        return new TorchDevice(name, new Device(name));
    }

    public boolean isCuda() {
        return name.startsWith("cuda");
    }

    Device value() {
        return value;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TorchDevice device && name.equals(device.name);
    }

    @Override
    public int hashCode() {
        return Objects.hash(name);
    }

    @Override
    public String toString() {
        return name;
    }
}
