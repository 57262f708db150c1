using System.Globalization;
using System.Text;

namespace Gpu.Autograd.Backends.Ilgpu.Tests;

/// <summary>The text of <c>docs/kernels.md</c>: what every kernel is made of, once it is compiled.</summary>
internal static class KernelTable
{
    private const string Head = """
        # Kernels
        Written by a test from the compiled kernels; do not edit. To renew it:
        `GPU_AUTOGRAD_WRITE_DOCS=1 dotnet test tests/Ilgpu --filter KernelTable`.

        All kernels are those of every member of the seam, of every op of the [table](ops.md) with its gradients and tangents, in float32 and
        float64, and of captured steps, whose kernels are put together from others. ILGPU compiles them to PTX without a device; for sm_70, sm_80
        and sm_90 it is the same text but for its head. Tests look at each for calls, local memory, approximate instructions and atomics, and find
        none. NVIDIA's assembler `ptxas`, which needs no GPU either, makes this of them:

        {0}
        And this of the loop that multiplies in the products of matrices, from the machine code: *fused* are multiply-adds, *loads* those of 16 bytes
        of shared memory, *share* is how many of the instructions multiply. (Where the tile is 16 × 4 threads, the loop is a whole step, with its
        reading of device memory: no other is left.)

        {1}
        ## One by one
        The kernels of the seam's members, for sm_80; those of fused ops and captured steps are made of the same parts. Where a kernel is there for
        float32 and for float64, *real* stands for both, and the figures are float32 / float64. *Instructions* are those of the PTX, loops counted
        once, without those that read parameters; for a map (`Map1<Tanh, real>, Flat`) they are what an element costs. *Loads* and *stores* are of
        device memory, *wide* is the most bytes that one of them moves, *shared* the bytes of shared memory of a group. *Live* are the most 32-bit
        registers whose values are needed at one place of the PTX; *registers* are what the assembler gives a thread, which may have 255.

        | kernel | instructions | loads | stores | wide | shared loads | shared | barriers | live | registers |
        |---|---|---|---|---|---|---|---|---|---|

        """;

    /// <summary>What stands in a cell that only the assembler can fill.</summary>
    private const string Open = "?";

    private static readonly HashSet<string> Left = [nameof(DeviceMemory), "LargeGroups", "Float32", "Float64", "Int32", "Int64", "Bool"];

    /// <summary>The text, with what only the assembler knows left open where it is not there.</summary>
    internal static string Write()
    {
        var text = new StringBuilder(string.Format(CultureInfo.InvariantCulture, Head, Architectures(), Loops()));
        var machine = Assembler.Missing is null ? Assembler.All(80) : null;
        var rows = EveryKernel.PtxOfSeam.Select(source => (Name: NameOf(source.Key), Figures: FiguresOf(source.Value, machine?[source.Key])))
            .GroupBy(row => Both(row.Name))
            .OrderBy(group => group.Key, StringComparer.Ordinal);
        foreach (var row in rows)
        {
            string[][] figures = [.. row.OrderBy(kernel => kernel.Name, StringComparer.Ordinal).Select(kernel => kernel.Figures)];
            var cells = Enumerable.Range(0, figures[0].Length).Select(i => string.Join(" / ", figures.Select(figure => figure[i]).Distinct()));
            text.Append($"| `{row.Key}` | {string.Join(" | ", cells)} |\n");
        }

        return text.ToString();
    }

    /// <summary>Whether a line is what was written, where the one that is expected does not leave it open.</summary>
    internal static bool Agree(string expected, string actual)
    {
        string[] cells = expected.Split('|'), others = actual.Split('|');
        return cells.Length == others.Length && cells.Zip(others).All(pair => pair.First.Trim() == Open || pair.First == pair.Second);
    }

    /// <summary>What the assembler makes of all kernels.</summary>
    private static string Architectures()
    {
        var text = new StringBuilder("| for | ptxas | kernels | not taken | with spilled registers | most registers | most shared memory |\n|---|---|---|---|---|---|---|\n");
        foreach (int architecture in new[] { 70, 80, 90 })
        {
            string[] cells = [.. Enumerable.Repeat(Open, 4)];
            if (Assembler.Missing is null)
            {
                var all = Assembler.All(architecture).Values;
                int[] figures =
                [
                    all.Count(kernel => !kernel.IsTaken), all.Count(kernel => kernel.Spilled + kernel.Stack > 0),
                    all.Max(kernel => kernel.Registers), all.Max(kernel => kernel.Shared),
                ];
                cells = [.. figures.Select(figure => $"{figure}")];
            }

            text.Append($"| sm_{architecture} | {Assembler.Version ?? Open} | {EveryKernel.Ptx.Count} | {string.Join(" | ", cells)} |\n");
        }

        return text.ToString();
    }

    /// <summary>What the assembler makes of the innermost loop of products.</summary>
    private static string Loops()
    {
        var text = new StringBuilder("| product for sm_80 | instructions | fused | loads | share | registers |\n|---|---|---|---|---|---|\n");
        foreach (var (kernel, ptx) in EveryKernel.PtxOfSeam.OrderBy(source => NameOf(source.Key), StringComparer.Ordinal))
        {
            string name = NameOf(kernel);
            if (name.Contains("QuadPanel, QuadPanel", StringComparison.Ordinal) && name.Contains("AsItIs", StringComparison.Ordinal))
            {
                string[] cells = [.. Enumerable.Repeat(Open, 5)];
                if (Assembler.Missing is null)
                {
                    var loop = Assembler.InnerLoop(ptx, 80);
                    int registers = Assembler.All(80)[kernel].Registers;
                    cells = [$"{loop.Count}", $"{loop.Fused}", $"{loop.Loads}", $"{loop.Share:P0}".Replace(" ", "", StringComparison.Ordinal), $"{registers}"];
                }

                text.Append($"| `{name}` | {string.Join(" | ", cells)} |\n");
            }
        }

        return text.ToString();
    }

    private static string[] FiguresOf(string source, Assembled? machine)
    {
        var ptx = new Ptx(source);
        int[] figures =
        [
            ptx.Work, ptx.Count("ld.global"), ptx.Count("st.global"),
            ptx.Instructions.Where(i => i.Name.Contains(".global", StringComparison.Ordinal)).Select(i => WidthOf(i.Name)).DefaultIfEmpty().Max(),
            ptx.Count("ld.shared"), ptx.SharedBytes, ptx.Count("bar.sync"), ptx.LiveRegisters(),
        ];
        return [.. figures.Select(figure => figure == 0 ? "–" : figure.ToString()), machine is null ? Open : $"{machine.Registers}"];
    }

    private static int WidthOf(string name)
    {
        string[] parts = name.Split('.');
        int count = parts[^2].StartsWith('v') ? int.Parse(parts[^2][1..]) : 1;
        return parts[0] is "ld" or "st" ? count * int.Parse(parts[^1][1..]) / 8 : 0;
    }

    /// <summary>The kernel's name without what is the same in all, and without the element types that its numbers say.</summary>
    private static string NameOf(Type type)
    {
        string bare = type.Name.Split('`')[0];
        string[] arguments = [.. type.GetGenericArguments().Where(argument => !Hidden(argument)).Select(NameOf)];
        return bare == "Each" ? string.Join(", ", arguments) : arguments.Length == 0 ? bare : $"{bare}<{string.Join(", ", arguments)}>";

        bool Hidden(Type argument) => Left.Contains(argument.Name) && argument.Namespace != nameof(System);
    }

    private static string Both(string name)
    {
        bool single = name.Contains("F32", StringComparison.Ordinal);
        bool both = single == name.Contains("F64", StringComparison.Ordinal);
        return both ? name : name.Replace(single ? "F32" : "F64", "real", StringComparison.Ordinal);
    }
}
