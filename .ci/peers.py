#!/usr/bin/env python3
"""Times ConvNeXt-T in another engine: peers.py ENGINE CHECKPOINT BATCH SIZE ROUNDS [THREADS]
Makes a detector for it: peers.py make yolov5s|yolo11n START, with the client of it: START.pth, START.yaml, START.onnx.

CHECKPOINT may be an .onnx of any network with one input of that shape, such as those. ENGINE is torch, torch-bf16, onnxruntime, openvino or openvino-bf16. Prints the median of the rounds in milliseconds.
Needs torch; the others also onnx and themselves: pip install torch onnx onnxruntime openvino.
"""
import sys
import time
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Tests/Interop"))


def model(checkpoint):
    import torch
    from torch import nn
    import convnext

    class Classifier(convnext.ConvNeXt):
        def forward(self, x):
            return self.head(self.norm(self.features(x)[-1].mean((-2, -1))))

    network = Classifier(*convnext.VARIANTS["tiny"], 1000)
    state = torch.load(checkpoint, map_location="cpu")
    network.load_state_dict(state.get("model", state))
    return network.eval()


def onnx(checkpoint, batch, size):
    if checkpoint.endswith(".onnx"):
        return checkpoint
    import torch

    path = Path(checkpoint).with_suffix(f".{batch}x{size}.onnx")
    if not path.exists():
        torch.onnx.export(
            model(checkpoint), (torch.zeros(batch, 3, size, size),), str(path), dynamo=False, opset_version=20,
            input_names=["x"], output_names=["y"])
    return str(path)


def detector(name, start, size=640):
    """The client's own model with random weights, under which its activations stay what they are in a trained one."""
    import shutil
    import torch

    if name.startswith("yolov5"):
        import types
        # What the package asks for and a model does without.
        fake = sys.modules["yolov5.utils.roboflow"] = types.ModuleType("roboflow")
        fake.RoboflowConnector = object
        import yolov5
        from yolov5.models.yolo import Model
        path = Path(yolov5.__file__).parent / f"models/{name}.yaml"
        network = Model(str(path), ch=3)
    else:
        import ultralytics
        from ultralytics.nn.tasks import DetectionModel
        path = next((Path(ultralytics.__file__).parent / "cfg/models").rglob(f"{name[:-1]}.yaml"))
        network = DetectionModel(f"{name}.yaml", ch=3, verbose=False)
    generator = torch.Generator().manual_seed(0)
    for key, tensor in network.state_dict().items():
        if tensor.ndim == 4 and "dfl" not in key:
            tensor.copy_(1.3 * torch.randn(tensor.shape, generator=generator) / tensor[0].numel() ** 0.5)
    torch.save(network.state_dict(), start + ".pth")
    # The name says the scale.
    shutil.copy(path, start + ".yaml")

    class Decoded(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.network = network.eval().fuse()

        def forward(self, x):
            return self.network(x)[0]

    image = torch.zeros(1, 3, size, size)
    decoded = Decoded().eval()
    decoded(image)
    torch.onnx.export(decoded, (image,), start + ".onnx", dynamo=False, opset_version=20, input_names=["x"], output_names=["y"])


def runner(engine, checkpoint, batch, size, threads):
    import numpy as np

    x = np.random.default_rng(0).standard_normal((batch, 3, size, size)).astype(np.float32)
    if engine.startswith("torch"):
        import torch

        torch.set_num_threads(threads)
        network, tensor = model(checkpoint), torch.from_numpy(x)

        def run():
            with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=engine.endswith("bf16")):
                network(tensor)

        return run
    path = onnx(checkpoint, batch, size)
    if engine == "onnxruntime":
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(path, options)
        name = session.get_inputs()[0].name
        return lambda: session.run(None, {name: x})
    import openvino

    request = openvino.Core().compile_model(path, "CPU", {
        "INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "bf16" if engine.endswith("bf16") else "f32"}).create_infer_request()
    return lambda: request.infer({0: x})


def main(engine, checkpoint, batch, size, rounds, threads=2):
    run = runner(engine, checkpoint, int(batch), int(size), int(threads))
    for _ in range(2):
        run()
    times = []
    for _ in range(int(rounds)):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    print(f"{sorted(times)[len(times) // 2] * 1000:.3f}")


if __name__ == "__main__" and sys.argv[1] == "make":
    detector(*sys.argv[2:])
elif __name__ == "__main__":
    main(*sys.argv[1:])
