namespace Gpu.Autograd.Nn;

/// <summary>The greatest of each window along the last axis, x [..., L]; see <see cref="Tensor.MaxPool1d"/>.</summary>
public sealed class MaxPool1d(
    PerAxis kernel, PerAxis stride = default, PerAxis padding = default, PerAxis dilation = default, bool ceilMode = false) : Module
{
    /// <inheritdoc/>
    public override Tensor Forward(Tensor x) => x.MaxPool1d(kernel, stride, padding, dilation, ceilMode);

    /// <inheritdoc/>
    public override string ToString() => $"MaxPool1d({kernel})";
}

/// <summary>The greatest of each window along the last two axes, x [..., H, W]; see <see cref="Tensor.MaxPool2d"/>.</summary>
public sealed class MaxPool2d(
    PerAxis kernel, PerAxis stride = default, PerAxis padding = default, PerAxis dilation = default, bool ceilMode = false) : Module
{
    /// <inheritdoc/>
    public override Tensor Forward(Tensor x) => x.MaxPool2d(kernel, stride, padding, dilation, ceilMode);

    /// <inheritdoc/>
    public override string ToString() => $"MaxPool2d({kernel})";
}

/// <summary>The greatest of each window along the last three axes, x [..., D, H, W]; see <see cref="Tensor.MaxPool3d"/>.</summary>
public sealed class MaxPool3d(
    PerAxis kernel, PerAxis stride = default, PerAxis padding = default, PerAxis dilation = default, bool ceilMode = false) : Module
{
    /// <inheritdoc/>
    public override Tensor Forward(Tensor x) => x.MaxPool3d(kernel, stride, padding, dilation, ceilMode);

    /// <inheritdoc/>
    public override string ToString() => $"MaxPool3d({kernel})";
}

/// <summary>The mean of each window along the last axis, x [..., L]; see <see cref="Tensor.AvgPool1d"/>.</summary>
public sealed class AvgPool1d(
    PerAxis kernel, PerAxis stride = default, PerAxis padding = default, bool countIncludePad = true, bool ceilMode = false) : Module
{
    /// <inheritdoc/>
    public override Tensor Forward(Tensor x) => x.AvgPool1d(kernel, stride, padding, countIncludePad, ceilMode);

    /// <inheritdoc/>
    public override string ToString() => $"AvgPool1d({kernel})";
}

/// <summary>The mean of each window along the last two axes, x [..., H, W]; see <see cref="Tensor.AvgPool2d"/>.</summary>
public sealed class AvgPool2d(
    PerAxis kernel, PerAxis stride = default, PerAxis padding = default, bool countIncludePad = true, bool ceilMode = false) : Module
{
    /// <inheritdoc/>
    public override Tensor Forward(Tensor x) => x.AvgPool2d(kernel, stride, padding, countIncludePad, ceilMode);

    /// <inheritdoc/>
    public override string ToString() => $"AvgPool2d({kernel})";
}

/// <summary>The mean of each window along the last three axes, x [..., D, H, W]; see <see cref="Tensor.AvgPool3d"/>.</summary>
public sealed class AvgPool3d(
    PerAxis kernel, PerAxis stride = default, PerAxis padding = default, bool countIncludePad = true, bool ceilMode = false) : Module
{
    /// <inheritdoc/>
    public override Tensor Forward(Tensor x) => x.AvgPool3d(kernel, stride, padding, countIncludePad, ceilMode);

    /// <inheritdoc/>
    public override string ToString() => $"AvgPool3d({kernel})";
}

/// <summary>The means of so many parts of the last axis, x [..., L]; see <see cref="Tensor.AdaptiveAvgPool1d"/>.</summary>
public sealed class AdaptiveAvgPool1d(PerAxis outputs) : Module
{
    /// <inheritdoc/>
    public override Tensor Forward(Tensor x) => x.AdaptiveAvgPool1d(outputs);

    /// <inheritdoc/>
    public override string ToString() => $"AdaptiveAvgPool1d({outputs})";
}

/// <summary>The means of so many parts of the last two axes, x [..., H, W]; see <see cref="Tensor.AdaptiveAvgPool2d"/>.</summary>
public sealed class AdaptiveAvgPool2d(PerAxis outputs) : Module
{
    /// <inheritdoc/>
    public override Tensor Forward(Tensor x) => x.AdaptiveAvgPool2d(outputs);

    /// <inheritdoc/>
    public override string ToString() => $"AdaptiveAvgPool2d({outputs})";
}

/// <summary>The means of so many parts of the last three axes, x [..., D, H, W]; see <see cref="Tensor.AdaptiveAvgPool3d"/>.</summary>
public sealed class AdaptiveAvgPool3d(PerAxis outputs) : Module
{
    /// <inheritdoc/>
    public override Tensor Forward(Tensor x) => x.AdaptiveAvgPool3d(outputs);

    /// <inheritdoc/>
    public override string ToString() => $"AdaptiveAvgPool3d({outputs})";
}

/// <summary>The mean of each channel over all spatial axes: [N, C, …] → [N, C].</summary>
public sealed class GlobalAvgPool : Module
{
    /// <inheritdoc/>
    public override Tensor Forward(Tensor x) => x.GlobalAvgPool();

    /// <inheritdoc/>
    public override string ToString() => "GlobalAvgPool()";
}

/// <summary>The greatest of each channel over all spatial axes: [N, C, …] → [N, C].</summary>
public sealed class GlobalMaxPool : Module
{
    /// <inheritdoc/>
    public override Tensor Forward(Tensor x) => x.GlobalMaxPool();

    /// <inheritdoc/>
    public override string ToString() => "GlobalMaxPool()";
}
