namespace Gpu.Autograd.Tour;

/// <summary>A statement of matrix calculus that the library computes, and what is true of it.</summary>
/// <param name="Id">Its name: a document and a number.</param>
/// <param name="Chapter">Where the tour shows it.</param>
/// <param name="Title">What it is about.</param>
/// <param name="Formula">What is claimed, as mathematics writes it.</param>
/// <param name="Compute">Computes it, and states beside each result what is expected.</param>
public sealed record Case(string Id, Chapter Chapter, string Title, string Formula, Action<Sheet> Compute)
{
    /// <summary>What a document prints of it by mistake; null where it is right.</summary>
    public string? Printed { get; init; }

    /// <summary>What is true instead.</summary>
    public string? True { get; init; }

    /// <summary>Computes it by one mode, in one precision.</summary>
    /// <param name="device">Where.</param>
    /// <param name="dtype">float32 or float64.</param>
    /// <param name="mode">How derivatives are computed.</param>
    /// <param name="largest">Where there are several sizes, the largest to run: for a device that is slow at each.</param>
    public Sheet Run(Device device, DType dtype, Mode mode, int largest = int.MaxValue)
    {
        var sheet = new Sheet(device, dtype, mode, Id, largest);
        Compute(sheet);
        return sheet;
    }

    /// <summary>Computes it by both modes.</summary>
    public Outcome Run(Device device, DType dtype = DType.Float64) =>
        new(this, Run(device, dtype, Mode.Reverse), Run(device, dtype, Mode.Forward));
}
