using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;

namespace Gpu.Autograd.Backends.Ilgpu.Tests;

/// <summary>
/// NVIDIA's assembler, where it is installed: <c>ptxas</c> of the CUDA toolkit, on the path or where GPU_AUTOGRAD_PTXAS says. It needs no GPU, and
/// is what the driver makes machine code with.
/// </summary>
internal static partial class Assembler
{
    private const string Entry = ".visible .entry ";

    private const int AtATime = 40;

    private static readonly ConcurrentDictionary<int, Lazy<IReadOnlyDictionary<Type, Assembled>>> Every = [];

    private static readonly Lazy<string?> Found = new(Find);

    /// <summary>Why it cannot be run; null where it can.</summary>
    internal static string? Missing => Found.Value is null
        ? "ptxas was not found: it is part of NVIDIA's CUDA toolkit (Debian: nvidia-cuda-toolkit); GPU_AUTOGRAD_PTXAS may say where it is."
        : null;

    /// <summary>Its release; null where it is not there.</summary>
    internal static string? Version => Found.Value is { } found ? Release().Match(Run(found, ["--version"]).Text).Groups[1].Value : null;

    /// <summary>What it makes of every kernel.</summary>
    internal static IReadOnlyDictionary<Type, Assembled> All(int architecture) =>
        Every.GetOrAdd(architecture, _ => new(() => Assemble(EveryKernel.Ptx, architecture))).Value;

    /// <summary>What it makes of kernels: many at a time, since to start it takes longer than most of them.</summary>
    private static ConcurrentDictionary<Type, Assembled> Assemble(IReadOnlyDictionary<Type, string> sources, int architecture)
    {
        var all = new ConcurrentDictionary<Type, Assembled>();
        Parallel.ForEach(sources.Chunk(AtATime), some =>
        {
            foreach (var (source, assembled) in some.Zip(Assemble([.. some.Select(source => source.Value)], architecture)))
            {
                all[source.Key] = assembled;
            }
        });
        return all;
    }

    /// <summary>What it makes of some kernels.</summary>
    internal static Assembled[] Assemble(string[] kernels, int architecture)
    {
        var (code, text) = Assemble(kernels, architecture, OperatingSystem.IsWindows() ? "NUL" : "/dev/null");
        bool isTaken = code == 0 && !text.Contains("warning", StringComparison.OrdinalIgnoreCase);
        string[] parts = Part().Split(text);
        return [.. kernels.Select((_, i) => Of(Array.Find(parts, part => part.StartsWith($"'K{i}'", StringComparison.Ordinal)) ?? text))];

        Assembled Of(string said) =>
            new(isTaken, isTaken ? said : text, Number(Registers(), said), Number(Stack(), said), Number(Spilled(), said), Number(Shared(), said));
    }

    /// <summary>What it makes of the shortest loop of a kernel that multiplies: as the machine code is printed by <c>nvdisasm</c>, which stands beside it.</summary>
    internal static MachineLoop InnerLoop(string kernel, int architecture)
    {
        string file = Path.GetTempFileName();
        try
        {
            Assemble([kernel], architecture, file);
            var labels = new Dictionary<string, int>();
            var instructions = new List<string>();
            var loops = new List<MachineLoop>();
            foreach (string line in Run(Found.Value!.Replace("ptxas", "nvdisasm", StringComparison.Ordinal), ["-c", file]).Text.Split('\n'))
            {
                if (Label().Match(line) is { Success: true } label)
                {
                    labels[label.Groups[1].Value] = instructions.Count;
                }
                else if (Instruction().Match(line) is { Success: true } instruction)
                {
                    instructions.Add(instruction.Groups[1].Value);
                    if (Jump().Match(line) is { Success: true } jump && labels.TryGetValue(jump.Groups[1].Value, out int first))
                    {
                        var body = instructions[first..];
                        loops.Add(new(body.Count, body.Count(name => name is "FFMA" or "DFMA"), body.Count(name => name == "LDS.128")));
                    }
                }
            }

            return loops.Where(loop => loop.Fused > 0).MinBy(loop => loop.Count)!;
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>Assembles kernels to a file: one module with one head, in which each kernel has a name of its own.</summary>
    private static (int Code, string Text) Assemble(string[] kernels, int architecture, string target)
    {
        int head = kernels[0].IndexOf(Entry, StringComparison.Ordinal);
        var module = new StringBuilder(Target().Replace(kernels[0][..head], $".target sm_{Math.Min(architecture, 80)}"));
        foreach (var (i, kernel) in kernels.Index())
        {
            module.Append(Name().Replace(kernel[kernel.IndexOf(Entry, StringComparison.Ordinal)..], $"{Entry}K{i}("));
        }

        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, $"{module}");
            return Run(Found.Value!, ["-v", $"-arch=sm_{architecture}", "-o", target, file]);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static int Number(Regex what, string text) => what.Match(text) is { Success: true } match ? int.Parse(match.Groups[1].Value) : 0;

    private static string? Find()
    {
        string[] names = OperatingSystem.IsWindows() ? ["ptxas.exe"] : ["ptxas"];
        string?[] folders = [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator), "/usr/local/cuda/bin"];
        var places = folders.Where(folder => !string.IsNullOrEmpty(folder)).SelectMany(folder => names.Select(name => Path.Combine(folder!, name)));
        return new[] { Environment.GetEnvironmentVariable("GPU_AUTOGRAD_PTXAS") }.Concat(places).FirstOrDefault(File.Exists);
    }

    private static (int Code, string Text) Run(string program, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        string text = process.StandardOutput.ReadToEnd() + errors.Result;
        process.WaitForExit();
        return (process.ExitCode, text);
    }

    [GeneratedRegex(@"V(\d+\.\d+\.\d+)")]
    private static partial Regex Release();

    [GeneratedRegex(@"\.target sm_\d+")]
    private static partial Regex Target();

    [GeneratedRegex(@"\.visible \.entry \w+\(")]
    private static partial Regex Name();

    [GeneratedRegex(@"^(\.L_x_\d+):")]
    private static partial Regex Label();

    [GeneratedRegex(@"^\s+/\*[0-9a-f]+\*/\s+(?:@!?U?P\d+\s+)?([A-Z][\w.]*)")]
    private static partial Regex Instruction();

    [GeneratedRegex(@"BRA `\((\.L_x_\d+)\)")]
    private static partial Regex Jump();

    [GeneratedRegex(@"Compiling entry function ")]
    private static partial Regex Part();

    [GeneratedRegex(@"Used (\d+) registers")]
    private static partial Regex Registers();

    [GeneratedRegex(@"(\d+) bytes stack frame")]
    private static partial Regex Stack();

    [GeneratedRegex(@"(\d+) bytes spill stores")]
    private static partial Regex Spilled();

    [GeneratedRegex(@"(\d+) bytes smem")]
    private static partial Regex Shared();
}

/// <summary>A kernel as machine code.</summary>
/// <param name="IsTaken">Whether the assembler took it, without a warning.</param>
/// <param name="Text">What it said.</param>
/// <param name="Registers">The registers of a thread.</param>
/// <param name="Stack">The bytes of a thread that are not in registers.</param>
/// <param name="Spilled">The bytes that had no room in registers.</param>
/// <param name="Shared">The shared memory of a group.</param>
internal sealed record Assembled(bool IsTaken, string Text, int Registers, int Stack, int Spilled, int Shared);

/// <summary>A loop of machine code.</summary>
/// <param name="Count">Its instructions.</param>
/// <param name="Fused">Those that multiply and add.</param>
/// <param name="Loads">Those that read 16 bytes of shared memory.</param>
internal sealed record MachineLoop(int Count, int Fused, int Loads)
{
    /// <summary>How much of it multiplies.</summary>
    internal double Share => (double)Fused / Count;
}
