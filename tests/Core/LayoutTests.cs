namespace Gpu.Autograd.Core.Tests;

/// <summary>Each storey stands only on those below it.</summary>
public sealed class LayoutTests
{
    [Fact]
    public void CoreReferencesTheFrameworkAlone()
    {
        var outside = typeof(Shape).Assembly.GetReferencedAssemblies().Where(a => !a.Name!.StartsWith("System.", StringComparison.Ordinal));

        Assert.Empty(outside);
    }
}
