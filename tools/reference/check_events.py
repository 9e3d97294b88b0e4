"""TensorBoard's own reader and writer of event files: what the Java writer of swiftbrush-train is held against.

    check_events.py FOLDER        prints what TensorBoard finds in a folder of event files
    check_events.py --record FILE writes the golden that TensorBoardEventsTest compares with, byte by byte

Needs `pip install tensorboard` (recorded with 2.21.0).
"""
import argparse
import io
import pathlib

from tensorboard.backend.event_processing import event_accumulator, plugin_event_accumulator
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.summary.writer.record_writer import RecordWriter
from tensorboard.util import tensor_util

WALL_TIME = 1700000000.25
PNG = bytes(range(40))  # nobody decodes it


def show(folder):
    """Reads as TensorBoard's web page does (tensors with plugins), and as its older programming interface."""
    plugins = plugin_event_accumulator.EventAccumulator(folder).Reload()
    for tag in plugins.Tags()["tensors"]:
        plugin = plugins.SummaryMetadata(tag).plugin_data.plugin_name
        events = plugins.Tensors(tag)
        if plugin == "images":
            for event in events:
                width, height, png = tensor_util.make_ndarray(event.tensor_proto)[:3]
                print(f"images  {tag} step {event.step}: {width.decode()} x {height.decode()}, {describe(png)}")
        else:
            values = [(event.step, tensor_util.make_ndarray(event.tensor_proto).item()) for event in events]
            print(f"{plugin} {tag}: {values}")

    plain = event_accumulator.EventAccumulator(
        folder, size_guidance={event_accumulator.SCALARS: 0, event_accumulator.IMAGES: 0}
    ).Reload()
    for tag in plain.Tags()["scalars"]:
        print(f"scalar  {tag}: {[(event.step, event.value) for event in plain.Scalars(tag)]}")
    for tag in plain.Tags()["images"]:
        for event in plain.Images(tag):
            print(f"image   {tag} step {event.step}: {event.width} x {event.height}, {describe(event.encoded_image_string)}")


def describe(png):
    try:
        from PIL import Image

        image = Image.open(io.BytesIO(png))
        image.load()
        return f"{image.format} {image.size[0]} x {image.size[1]} {image.mode}"
    except Exception as e:  # whatever is wrong with it is what is to be printed
        return f"{len(png)} bytes that are no picture: {e}"


def record(path):
    value = summary_pb2.Summary.Value
    image = summary_pb2.Summary.Image(height=2, width=3, colorspace=3, encoded_image_string=PNG)
    events = [
        event_pb2.Event(wall_time=WALL_TIME, file_version="brain.Event:2"),
        event_pb2.Event(
            wall_time=WALL_TIME, step=7, session_log=event_pb2.SessionLog(status=event_pb2.SessionLog.START)
        ),
        event_pb2.Event(
            wall_time=WALL_TIME,
            step=7,
            summary=summary_pb2.Summary(
                value=[
                    value(tag="loss/student", simple_value=0.1),
                    value(tag="loss/lora", simple_value=float("inf")),
                    value(tag="ema/decay", simple_value=0.0),
                ]
            ),
        ),
        event_pb2.Event(
            wall_time=WALL_TIME, step=300, summary=summary_pb2.Summary(value=[value(tag="samples", image=image)])
        ),
    ]
    with open(path, "wb") as file:
        writer = RecordWriter(file)
        for event in events:
            writer.write(event.SerializeToString())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("path", type=pathlib.Path)
    args = parser.parse_args()
    record(args.path) if args.record else show(str(args.path))
