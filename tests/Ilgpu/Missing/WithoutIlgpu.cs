namespace Gpu.Autograd.Backends.Ilgpu.Tests;

/// <summary>All that is left of these tests where ILGPU cannot be restored: one that says so.</summary>
public sealed class WithoutIlgpu
{
    [SkippableFact]
    public void EverythingOnIlgpu() => Skip.If(true, "ILGPU cannot be restored from the configured package sources.");
}
