using System.Text;

namespace Gpu.Autograd.Backends.Ilgpu.Tests;

/// <summary>The text of <c>docs/kernels.md</c>: what every kernel is made of, once it is compiled.</summary>
internal static class KernelTable
{
    private const string Head = """
        # Kernels
        Written by a test from the compiled kernels; do not edit. To renew it:
        `GPU_AUTOGRAD_WRITE_DOCS=1 dotnet test tests/Ilgpu --filter KernelTable`.

        Every kernel that a back end can launch, as ILGPU compiles it to PTX for sm_80. Where a kernel is there for float32 and for float64,
        *real* stands for both, and the figures are float32 / float64. *Instructions* are those of the text, loops counted once, without
        those that read parameters; for a map (`Map1<Tanh, real>, Flat`) they are what an element costs. *Loads* and *stores* are of device
        memory, *wide* is the most bytes that one of them moves, *shared* the bytes of shared memory of a group. *Registers* are the most
        32-bit values that are needed at one place; the driver's assembler may take some more, and a thread may have 255.

        None of them has a call, local memory, an approximate instruction or an atomic, for sm_70, sm_80 and sm_90: that is a test of its own.

        | kernel | instructions | loads | stores | wide | shared loads | shared | barriers | registers |
        |---|---|---|---|---|---|---|---|---|

        """;

    private static readonly HashSet<string> Left = [nameof(DeviceMemory), "LargeGroups", "Float32", "Float64", "Int32", "Int64", "Bool"];

    internal static string Write(IReadOnlyDictionary<Type, string> sources)
    {
        var text = new StringBuilder(Head);
        var rows = sources.Select(source => (Name: NameOf(source.Key), Figures: FiguresOf(source.Value)))
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

    private static string[] FiguresOf(string source)
    {
        var ptx = new Ptx(source);
        int[] figures =
        [
            ptx.Work, ptx.Count("ld.global"), ptx.Count("st.global"),
            ptx.Instructions.Where(i => i.Name.Contains(".global", StringComparison.Ordinal)).Select(i => WidthOf(i.Name)).DefaultIfEmpty().Max(),
            ptx.Count("ld.shared"), ptx.SharedBytes, ptx.Count("bar.sync"), ptx.LiveRegisters(),
        ];
        return [.. figures.Select(figure => figure == 0 ? "–" : figure.ToString())];
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
