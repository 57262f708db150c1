using System.Numerics;
using System.Text.RegularExpressions;

namespace Gpu.Autograd.Backends.Ilgpu.Tests;

/// <summary>A kernel as PTX, read: its instructions, its loops and what it keeps in registers.</summary>
internal sealed partial class Ptx
{
    private readonly Dictionary<string, int> labels = [];

    internal Ptx(string text)
    {
        List<Instruction> instructions = [];
        foreach (string line in text.Split('\n').Select(line => line.Trim()))
        {
            if (Label().Match(line) is { Success: true } label)
            {
                labels[label.Groups[1].Value] = instructions.Count;
            }
            else if (Command().Match(line) is { Success: true } command)
            {
                instructions.Add(new Instruction(command.Groups["guard"].Value, command.Groups["name"].Value, command.Groups["rest"].Value));
            }
            else if (Shared().Match(line) is { Success: true } shared)
            {
                SharedBytes += int.Parse(shared.Groups[1].Value);
            }
        }

        Instructions = instructions;
    }

    internal IReadOnlyList<Instruction> Instructions { get; }

    /// <summary>The shared memory of a group.</summary>
    internal int SharedBytes { get; }

    /// <summary>The instructions that are not about parameters.</summary>
    internal int Work => Instructions.Count(i => !i.Name.StartsWith("ld.param", StringComparison.Ordinal));

    /// <summary>The loops, as the first and the last of their instructions: a jump back and what stands between.</summary>
    internal IEnumerable<(int First, int Last)> Loops => Enumerable.Range(0, Instructions.Count)
        .Where(at => Instructions[at].Target is { } target && labels[target] <= at)
        .Select(at => (labels[Instructions[at].Target!], at));

    internal int Count(string prefix) => Instructions.Count(i => i.Name.StartsWith(prefix, StringComparison.Ordinal));

    /// <summary>
    /// The most 32-bit registers whose values are needed at one place: what an assembler cannot do with less of, save by reordering. A thread
    /// may have 255.
    /// </summary>
    internal int LiveRegisters()
    {
        string[] names = [.. Instructions.SelectMany(i => i.Written.Concat(i.Read)).Distinct()];
        var number = names.Select((name, i) => (name, i)).ToDictionary(pair => pair.name, pair => pair.i);
        var live = new ulong[Instructions.Count + 1][];
        for (int at = 0; at < live.Length; at++)
        {
            live[at] = new ulong[(names.Length / 64) + 1];
        }

        for (bool changed = true; changed;)
        {
            changed = false;
            for (int at = Instructions.Count - 1; at >= 0; at--)
            {
                var instruction = Instructions[at];
                var needed = (ulong[])(instruction.Ends ? live[^1] : live[at + 1]).Clone();
                if (instruction.Target is { } target)
                {
                    for (int word = 0; word < needed.Length; word++)
                    {
                        needed[word] |= live[labels[target]][word];
                    }
                }

                foreach (string name in instruction.Guard.Length == 0 ? instruction.Written : [])
                {
                    needed[number[name] / 64] &= ~(1UL << number[name]);
                }

                foreach (string name in instruction.Read)
                {
                    needed[number[name] / 64] |= 1UL << number[name];
                }

                changed |= !needed.AsSpan().SequenceEqual(live[at]);
                live[at] = needed;
            }
        }

        ulong[][] masks = [.. new[] { 1, 2 }.Select(width => Mask(names, width))];
        return live.Max(set => masks.Select((mask, i) => (i + 1) * set.Zip(mask, (a, b) => BitOperations.PopCount(a & b)).Sum()).Sum());
    }

    private static ulong[] Mask(string[] names, int width)
    {
        var mask = new ulong[(names.Length / 64) + 1];
        for (int i = 0; i < names.Length; i++)
        {
            if (names[i][1..].TrimEnd("0123456789".ToCharArray()) switch { "p" => 0, "rd" or "fd" => 2, _ => 1 } == width)
            {
                mask[i / 64] |= 1UL << i;
            }
        }

        return mask;
    }

    [GeneratedRegex(@"^(L_\w+):")]
    private static partial Regex Label();

    [GeneratedRegex(@"^(@(?<guard>!?%p\d+)\s+)?(?<name>[a-z][\w.]*)\s*(?<rest>.*);")]
    private static partial Regex Command();

    [GeneratedRegex(@"^\.shared .*\[(\d+)\];")]
    private static partial Regex Shared();

    [GeneratedRegex(@"%(p|rs|r|rd|f|fd)\d+\b")]
    private static partial Regex Register();

    /// <summary>One instruction.</summary>
    internal sealed class Instruction
    {
        internal Instruction(string guard, string name, string operands)
        {
            (Guard, Name) = (guard, name);
            bool jumps = name.StartsWith("bra", StringComparison.Ordinal);
            Target = jumps ? operands.Trim() : null;
            Ends = guard.Length == 0 && (jumps || name is "ret" or "exit");

            // What is written stands first, in braces if it is several; a store, a jump and a barrier write no register.
            int first = operands.StartsWith('{') ? operands.IndexOf('}') : operands.IndexOf(',');
            bool writes = first > 0 && !jumps && !name.StartsWith("st.", StringComparison.Ordinal) && !name.StartsWith("bar.", StringComparison.Ordinal);
            Written = writes ? [.. Register().Matches(operands[..first]).Select(match => match.Value)] : [];
            Read = [.. Register().Matches(guard + " " + (writes ? operands[first..] : operands)).Select(match => match.Value)];
        }

        /// <summary>The predicate it depends on, if any.</summary>
        internal string Guard { get; }

        internal string Name { get; }

        /// <summary>The label that a jump goes to.</summary>
        internal string? Target { get; }

        /// <summary>Whether the next instruction never follows.</summary>
        internal bool Ends { get; }

        internal string[] Written { get; }

        internal string[] Read { get; }
    }
}
