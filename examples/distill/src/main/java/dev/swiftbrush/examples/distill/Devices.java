package dev.swiftbrush.examples.distill;

import dev.swiftbrush.Device;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads {@code auto}, {@code cpu}, {@code cuda} or {@code cuda:1}. */
final class Devices implements ITypeConverter<Device> {

    private static final Pattern CUDA = Pattern.compile("cuda(?::(\\d{1,3}))?");

    @Override
    public Device convert(String text) {
        Matcher cuda = CUDA.matcher(text);
        if (cuda.matches()) {
            return Device.cuda(cuda.group(1) == null ? 0 : Integer.parseInt(cuda.group(1)));
        }
        return switch (text) {
            case "auto" -> Device.auto();
            case "cpu" -> Device.cpu();
            default ->
                throw new TypeConversionException(
                        "must be auto, cpu, cuda or the number of a GPU as in cuda:1, but was " + text);
        };
    }
}
