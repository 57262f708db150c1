using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Checking;

/// <summary>Something that a device must be able to do as the CPU does it.</summary>
/// <param name="Name">Its name: of an op, that of its row.</param>
/// <param name="Compare">Does it on a device, in one dtype, and compares; quickly where that is asked for.</param>
public sealed record Probe(string Name, Func<Device, DType, bool, IEnumerable<Comparison>> Compare)
{
    /// <summary>The dtypes that it is done in.</summary>
    public IReadOnlyList<DType> DTypes { get; init; } = [DType.Float32, DType.Float64];

    /// <summary>Whether it takes minutes where a GPU is only emulated.</summary>
    public bool IsLarge { get; init; }

    /// <summary>An op of the table: value, gradients and tangents for every sample; quickly, for one and without tangents.</summary>
    public static Probe Of(OpRow row) => new(row.Name, (device, dtype, quick) => (quick ? row.Shapes.TakeLast(1) : row.Shapes)
        .SelectMany(shapes => OpSamples.Gradients(row, shapes, dtype, device)
            .Concat(quick ? [] : OpSamples.Tangents(row, shapes, dtype, device))
            .Prepend(OpSamples.Value(row, shapes, dtype, device))));

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}
