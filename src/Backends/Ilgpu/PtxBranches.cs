using System.Text.RegularExpressions;

namespace Gpu.Autograd.Backends;

/// <summary>
/// Mends the jumps of ILGPU's PTX. With <c>bra.uni</c> and, for a switch, <c>brx.idx.uni</c> it promises that all threads of a warp that come to
/// a jump go the same way; but it takes the number of a thread in its launch for the same in all of them, and with it all that is computed or
/// loaded by that number, and what a loop has left behind whose threads end it at different times. What a promise that is not kept leads to is not defined. Without it little is lost:
/// the driver's assembler finds by itself what is the same in all threads.
/// </summary>
internal static partial class PtxBranches
{
    /// <summary>The same code without promises about jumps that depend on something.</summary>
    internal static string WithoutPromises(string source) => Promised().Replace(source, "$1");

    [GeneratedRegex(@"(@!?%p\d+\s+bra|\bbrx\.idx)\.uni\b")]
    private static partial Regex Promised();
}
