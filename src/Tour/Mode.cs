namespace Gpu.Autograd.Tour;

/// <summary>How derivatives are computed.</summary>
public enum Mode
{
    /// <summary>From the arguments to the results.</summary>
    Forward,

    /// <summary>From the results back to the arguments.</summary>
    Reverse,
}
