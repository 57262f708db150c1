using Gpu.Autograd.Backends;

namespace Gpu.Autograd.Tests.Backends;

/// <summary>The back ends that the tests of the seam walk: the reference at every width of registers, and every other device listed.</summary>
public static class SeamDevices
{
    private static readonly int[] Widths = [128, 256, 512];

    /// <summary>What the tests of one back end after another are named by; no two of them run at once.</summary>
    public const string OneAtATime = "seam";

    /// <summary>The names, for MemberData.</summary>
    public static TheoryData<string> Names => [.. References, .. TestDevices.Names.Where(name => name != "cpu")];

    /// <summary>Those that large cases take little time on, for MemberData.</summary>
    public static TheoryData<string> Fast => [.. References];

    private static IEnumerable<string> References => Widths.Select(bits => $"cpu, {bits} bits");

    /// <summary>The back end of a name; the test is skipped where the device cannot be used.</summary>
    public static Backend Open(string name)
    {
        foreach (int bits in Widths)
        {
            if (name == $"cpu, {bits} bits")
            {
                return Reference(bits, threads: 2);
            }
        }

        return TestDevices.Require(name).Backend;
    }

    /// <summary>The reference back end with a given width and number of threads.</summary>
    public static ReferenceBackend Reference(int bits, int threads) => new(bits, threads);

    /// <summary>Whether large cases would take too long.</summary>
    public static bool IsSlow(string name) => !name.StartsWith("cpu", StringComparison.Ordinal);
}
