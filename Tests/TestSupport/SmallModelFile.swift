/// A small model file, whose lines tests change one at a time.
public enum SmallModelFile {
  public static let text = """
    nc: 3
    depth_multiple: 0.5
    width_multiple: 0.5
    anchors:
      - [10,13, 16,30]
      - [30,61, 62,45]
    backbone:
      [[-1, 1, ConvNeXt_Block, [9, 0, 3, [1, 1, 1, 1], [9, 12, 16, 20]]],
       [-1, 1, ConvNeXt_Block, [12, 1, 3, [1, 1, 1, 1], [9, 12, 16, 20]]],
       [-1, 1, ConvNeXt_Block, [16, 2, 3, [1, 1, 1, 1], [9, 12, 16, 20]]],
       [-1, 1, ConvNeXt_Block, [20, 3, 3, [1, 1, 1, 1], [9, 12, 16, 20]]]]
    head:
      [[-1, 1, Conv, [32, 1, 1]],
       [-1, 1, nn.Upsample, [None, 2, 'nearest']],
       [[-1, 2], 1, Concat, [1]],
       [-1, 5, C3, [40, False]],
       [-1, 3, Bottleneck, [40]],
       [-1, 1, Conv, [24, 3, 2, None, 4]],
       [-1, 7, Conv, [24, 3, 1]],
       [[-1, 3], 1, Concat, [1]],
       [-1, 2, C3, [32]],
       [[8, 12], 1, Detect, [nc, anchors]]]
    """

  /// Its bytes, with one piece of text changed.
  public static func with(_ old: String = "", _ new: String = "") -> [UInt8] {
    Array((old.isEmpty ? text : text.replacing(old, with: new, maxReplacements: 1)).utf8)
  }

  /// The same with other layers between its blocks, which stand at 1, 2, 4 and 5: their numbers are not their indices.
  public static let shifted = Array(
    """
    nc: 3
    depth_multiple: 0.5
    width_multiple: 0.5
    anchors:
      - [10,13, 16,30]
      - [30,61, 62,45]
    backbone:
      [[-1, 1, nn.Upsample, [None, 2, 'nearest']],
       [-1, 1, ConvNeXt_Block, [9, 0, 3, [1, 1, 1, 1], [9, 12, 16, 20]]],
       [-1, 1, ConvNeXt_Block, [12, 1, 3, [1, 1, 1, 1], [9, 12, 16, 20]]],
       [-1, 1, nn.Upsample, [None, 1, 'nearest']],
       [-1, 1, ConvNeXt_Block, [16, 2, 3, [1, 1, 1, 1], [9, 12, 16, 20]]],
       [-1, 1, ConvNeXt_Block, [20, 3, 3, [1, 1, 1, 1], [9, 12, 16, 20]]]]
    head:
      [[-1, 1, Conv, [32, 1, 1]],
       [[4, 6], 1, Detect, [nc, anchors]]]
    """.utf8)
}
