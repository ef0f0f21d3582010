/// The commands to measure.
struct Suite {
  let suture: String
  let python: String?
  let folder: String

  /// What is measured on a ConvNeXt-T.
  func tiny(_ source: String, _ safetensors: String) -> [Comparison] {
    let surgery = ["--drop", "norm*", "--drop", "head*", "--replicate", "model.{0..3}."]
    return [
      Comparison(
        title: "list the names",
        ways: [way("suture inspect", ["inspect", source])]
          + script("torch.load, keys", "for k, v in torch.load('\(source)').items(): print(k, v.shape)")),
      conversion(
        ".pth to .safetensors, checksums verified", source, "a.safetensors",
        python: "from safetensors.torch import save_file; save_file(torch.load('\(source)'), '\(folder)/c')"),
      conversion(
        ".safetensors to .pth, checksums computed", safetensors, "a.pth",
        python:
          "from safetensors.torch import load_file; torch.save(load_file('\(safetensors)'), '\(folder)/c')"),
      Comparison(
        title: "drop norm* and head*, replicate under four indices, to .pth",
        ways: [
          copy(source), way("suture edit", ["edit", source, "-o", "\(folder)/d.pth"] + surgery, "d.pth"),
        ]
          + script(
            "torch.load, loop, torch.save",
            """
            s = torch.load('\(source)')
            torch.save({f'model.{i}.{k}': v for i in range(4) for k, v in s.items()
                        if not k.startswith(('norm', 'head'))}, '\(folder)/c')
            """, "c")),
      Comparison(
        title: "cast to float16, to .safetensors",
        ways: [
          copy(source),
          way(
            "suture convert --dtype",
            ["convert", source, "-o", "\(folder)/h.safetensors", "--dtype", "float16"],
            "h.safetensors"),
        ]
          + script(
            "torch.load, half, save_file",
            """
            from safetensors.torch import save_file
            save_file({k: v.half() for k, v in torch.load('\(source)').items()}, '\(folder)/c')
            """, "c")),
      checking("a .pth: checksums, bounds, NaN", source),
      checking("a .safetensors: bounds, NaN", safetensors),
      Comparison(
        title: "run the network on one 224×224 image, from a cold start",
        ways: [way("suture verify", ["verify", source])]
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
  func large(_ source: String, _ safetensors: String) -> [Comparison] {
    [
      Comparison(title: "list the names", ways: [way("suture inspect", ["inspect", source])]),
      checking(
        "500 tensors in a .pth: checksums, bounds, NaN", source,
        script(
          "torch.load, isnan (no checksums)",
          "print(sum(int(v.isnan().sum()) for v in torch.load('\(source)', mmap=True).values()))")),
      checking("500 tensors in a .safetensors: bounds, NaN", safetensors),
      conversion(".pth to .safetensors, checksums verified", source, "a.safetensors"),
      conversion(".safetensors to .pth, checksums computed", safetensors, "a.pth"),
    ]
  }

  /// Elements that lie in another order than they are written in.
  func gathering(_ source: String) -> Comparison {
    conversion("gather a transposed matrix and permuted kernels, to .safetensors", source, "a.safetensors")
  }

  /// One tensor as long as a file of many.
  func single(_ source: String) -> Comparison {
    checking("one tensor in a .pth: checksums, bounds, NaN", source)
  }

  /// What is measured of starting, and of files with very many tensors.
  func many(_ source: String, _ safetensors: String) -> [Comparison] {
    [
      Comparison(
        title: "start",
        ways: [.init(name: "true", command: .init(words: ["true"])), way("suture --version", ["--version"])]),
      Comparison(
        title: "list 60,000 names of a .safetensors",
        ways: [way("suture inspect", ["inspect", safetensors])]
          + script(
            "safe_open, keys",
            "from safetensors import safe_open; print(len(safe_open('\(safetensors)', 'pt').keys()))")),
      Comparison(
        title: "list 60,000 names of a .pth",
        ways: [way("suture inspect", ["inspect", source])]
          + script("torch.load, keys", "print(len(torch.load('\(source)')))")),
    ]
  }

  /// What is measured past 4 GiB.
  func huge(_ safetensors: String, _ source: String) -> [Comparison] {
    [
      conversion(".safetensors to .pth, 64-bit headers", safetensors, "a.pth"),
      conversion(".pth with 64-bit headers to .safetensors", source, "a.safetensors"),
    ]
  }

  /// Reading every byte beside `cat`, which does nothing with them.
  private func checking(_ what: String, _ file: String, _ python: [Comparison.Way] = []) -> Comparison {
    Comparison(
      title: "check every byte of \(what)",
      ways: [
        .init(name: "cat", command: .init(words: ["cat", file])), way("suture check", ["check", file]),
      ]
        + python)
  }

  /// A conversion beside `cp` of the same bytes, which may not leave holes.
  private func conversion(_ title: String, _ source: String, _ output: String, python: String? = nil)
    -> Comparison
  {
    Comparison(
      title: title,
      ways: [
        copy(source), way("suture convert", ["convert", source, "-o", "\(folder)/\(output)"], output),
      ] + (python.map { script("the same in Python", $0, "c") } ?? []))
  }

  private func copy(_ source: String) -> Comparison.Way {
    .init(
      name: "cp", command: .init(words: ["cp", "--sparse=never", source, "\(folder)/b"]),
      output: "\(folder)/b")
  }

  private func way(_ name: String, _ words: [String], _ output: String? = nil) -> Comparison.Way {
    .init(name: name, command: .init(words: [suture] + words), output: output.map { "\(folder)/\($0)" })
  }

  private func script(_ name: String, _ body: String, _ output: String? = nil) -> [Comparison.Way] {
    guard let python else { return [] }
    return [
      .init(
        name: name, command: .init(words: [python, "-c", "import torch\n" + body]),
        output: output.map { "\(folder)/\($0)" })
    ]
  }
}
