/// The commands to measure.
struct Suite {
  let suture: String
  let python: String?
  let source: String
  let folder: String

  var comparisons: [Comparison] {
    [
      Comparison(
        title: "list the names",
        ways: [("suture inspect", .init(words: [suture, "inspect", source]))]
          + script("torch.load, keys", "for k, v in torch.load('\(source)').items(): print(k, v.shape)")),
      Comparison(
        title: "convert to safetensors",
        ways: [
          (
            "suture convert",
            .init(words: [suture, "convert", source, "-o", "\(folder)/a.safetensors", "--force"])
          ),
          ("cp", .init(words: ["cp", source, "\(folder)/b"])),
        ]
          + script(
            "torch.load, save_file",
            "from safetensors.torch import save_file; save_file(torch.load('\(source)'), '\(folder)/c.safetensors')"
          )),
      Comparison(
        title: "drop norm* and head*, replicate under four indices, to .pth",
        ways: [
          (
            "suture edit",
            .init(words: [
              suture, "edit", source, "-o", "\(folder)/d.pth", "--force", "--drop", "norm*", "--drop",
              "head*",
              "--replicate", "model.{0..3}.",
            ])
          ),
          ("cp", .init(words: ["cp", source, "\(folder)/b"])),
        ]
          + script(
            "torch.load, loop, torch.save",
            """
            s = torch.load('\(source)')
            torch.save({f'model.{i}.{k}': v for i in range(4) for k, v in s.items()
                        if not k.startswith(('norm', 'head'))}, '\(folder)/e.pth')
            """)),
      Comparison(
        title: "run the network on one 224×224 image, from a cold start",
        ways: [("suture verify", .init(words: [suture, "verify", source]))]
          + script(
            "torch.load, model, forward",
            """
            import sys; sys.path.insert(0, 'Tests/Interop'); import convnext
            model = convnext.ConvNeXt(*convnext.VARIANTS['tiny'], 1000).eval()
            model.load_state_dict(torch.load('\(source)'))
            with torch.inference_mode(): print(model.outputs(torch.rand(1, 3, 224, 224))['logits'].mean())
            """)),
    ]
  }

  /// What is measured on a file of some gigabytes.
  func large(_ path: String) -> [Comparison] {
    [
      Comparison(
        title: "list the names", ways: [("suture inspect", .init(words: [suture, "inspect", path]))]),
      Comparison(
        title: "read every byte: checksums, bounds, NaN",
        ways: [
          ("suture check", .init(words: [suture, "check", path])), ("cat", .init(words: ["cat", path])),
        ]
          + script(
            "torch.load, isnan (no checksums)",
            "print(sum(int(v.isnan().sum()) for v in torch.load('\(path)', mmap=True).values()))")),
    ]
  }

  private func script(_ name: String, _ body: String) -> [(name: String, command: ChildProcess)] {
    guard let python else { return [] }
    return [(name, ChildProcess(words: [python, "-c", "import torch\n" + body]))]
  }
}
