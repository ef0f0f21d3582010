#!/usr/bin/env python3
"""Times ConvNeXt-T in another engine: peers.py ENGINE CHECKPOINT BATCH SIZE ROUNDS [THREADS]

ENGINE is torch, torch-bf16, onnxruntime, openvino or openvino-bf16. Prints the median of the rounds in milliseconds.
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
    import torch

    path = Path(checkpoint).with_suffix(f".{batch}x{size}.onnx")
    if not path.exists():
        torch.onnx.export(
            model(checkpoint), (torch.zeros(batch, 3, size, size),), str(path), dynamo=False, opset_version=20,
            input_names=["x"], output_names=["y"])
    return str(path)


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
        return lambda: session.run(None, {"x": x})
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


if __name__ == "__main__":
    main(*sys.argv[1:])
