namespace Gpu.Autograd.Backends.Ilgpu;

/// <summary>Stands until the first real file.</summary>
internal static class Placeholder
{
    internal static string Version => "missing";
}
