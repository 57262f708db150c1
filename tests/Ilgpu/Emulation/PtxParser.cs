using System.Globalization;

namespace Gpu.Autograd.Backends.Ilgpu.Tests.Emulation;

/// <summary>Reads the text of a kernel as ILGPU writes it: an instruction a line. What it does not know it refuses.</summary>
internal sealed class PtxParser
{
    private readonly string name;
    private readonly List<PtxInstruction> instructions = [];
    private readonly List<string> texts = [];
    private readonly List<int> lists = [];
    private readonly List<ulong> registers = [];
    private readonly Dictionary<string, (int First, int Count, char Kind)> banks = [];
    private readonly Dictionary<ulong, int> constants = [];
    private readonly Dictionary<string, int> parameters = [];
    private readonly List<PtxShared> shared = [];
    private readonly Dictionary<string, int> labels = [];
    private readonly List<(int At, string Label)> jumps = [];
    private (int Thread, int Threads, int Group, int Groups) places = (-1, -1, -1, -1);
    private int parameterBytes;
    private int mostThreads;
    private string line = "";

    private PtxParser(string name) => this.name = name;

    internal static PtxProgram Parse(string name, string text)
    {
        var parser = new PtxParser(name);
        foreach (string line in text.Split('\n'))
        {
            parser.line = line.Split("//")[0].Trim();
            if (parser.line.Length > 0)
            {
                parser.Read();
            }
        }

        return parser.Finish();
    }

    private PtxProgram Finish()
    {
        line = "";
        if (instructions.Count == 0 || instructions[^1] is not ({ Code: PtxCode.Exit or PtxCode.Branch, When: 0 }))
        {
            throw Unknown("end");
        }

        var code = instructions.ToArray();
        foreach (var (at, label) in jumps)
        {
            line = texts[at];
            code[at].D = labels.TryGetValue(label, out int target) ? target : throw Unknown("label");
        }

        return new PtxProgram
        {
            Name = name,
            Instructions = code,
            Texts = [.. texts],
            Lists = [.. lists],
            Registers = [.. registers],
            Places = places,
            Shared = [.. shared],
            ParameterBytes = parameterBytes,
            MostThreads = mostThreads,
        };
    }

    private PtxException Unknown(string what) => new($"{name}: this {what} is not known to the interpreter: '{line}'.");

    private void Read()
    {
        if (line is "{" or "}" or ")")
        {
            return;
        }

        if (line[0] == '.')
        {
            Declare(line.Split([' ', '\t', ',', ';'], StringSplitOptions.RemoveEmptyEntries));
        }
        else if (line.EndsWith(':'))
        {
            labels.Add(line[..^1], instructions.Count);
        }
        else if (line.EndsWith(';'))
        {
            texts.Add(line);
            var instruction = Decode(line[..^1].Trim());
            instructions.Add(instruction);
        }
        else
        {
            throw Unknown("line");
        }
    }

    private void Declare(string[] words)
    {
        switch (words[0])
        {
            case ".version" or ".target" or ".visible":
                break;
            case ".address_size" when words[1] == "64":
                break;
            case ".maxntid":
                mostThreads = Number(words[1]);
                break;
            case ".reg":
                DeclareRegisters(words[1], words[2]);
                break;
            case ".shared" when words is [_, ".align", var alignment, ".b8", var array]:
                shared.Add(new PtxShared(array[..array.IndexOf('[')], Length(array), Number(alignment)));
                break;
            case ".param" when words is [_, ".align", var alignment, ".b8", var array]:
                AddParameter(array[..array.IndexOf('[')], Length(array), Number(alignment));
                break;
            case ".param" when words is [_, var type, var parameter]:
                AddParameter(parameter, Bits(type[1..]) / 8, Bits(type[1..]) / 8);
                break;
            default:
                throw Unknown("declaration");
        }
    }

    private void AddParameter(string parameter, int bytes, int alignment)
    {
        parameterBytes = (parameterBytes + alignment - 1) / alignment * alignment;
        parameters.Add(parameter, parameterBytes);
        parameterBytes += bytes;
    }

    private void DeclareRegisters(string type, string range)
    {
        (char kind, ulong nothing) = type switch
        {
            ".pred" => ('p', 1UL),
            ".b16" => ('h', 0xBEEFUL),
            ".b32" => ('w', 0xDEADBEEFUL),
            ".b64" => ('q', 0xDEADBEEF_DEADBEEFUL),
            ".f32" => ('f', 0x7FDEADBEUL),
            ".f64" => ('d', 0x7FFDEADB_EEFDEADBUL),
            _ => throw Unknown("type of registers"),
        };
        if (constants.Count > 0 || range.Split('<', '>') is not [var prefix, var count, ""])
        {
            throw Unknown("declaration of registers");
        }

        banks.Add(prefix, (registers.Count, Number(count), kind));
        registers.AddRange(Enumerable.Repeat(nothing, Number(count)));
    }

    private PtxInstruction Decode(string text)
    {
        PtxInstruction instruction = default;
        if (text[0] == '@')
        {
            bool not = text[1] == '!';
            string[] split = text[(not ? 2 : 1)..].Split([' ', '\t'], 2, StringSplitOptions.RemoveEmptyEntries);
            instruction.When = not ? (byte)2 : (byte)1;
            instruction.Guard = Register(split[0], "p");
            text = split[1].Trim();
        }

        string[] parts = text.Split([' ', '\t'], 2, StringSplitOptions.RemoveEmptyEntries);
        string[] operands = parts.Length == 1 ? [] : Operands(parts[1]);
        string opcode = parts[0];
        if (opcode is "ret" or "exit")
        {
            instruction.Code = PtxCode.Exit;
        }
        else if (opcode is "bra" or "bra.uni")
        {
            instruction.Code = PtxCode.Branch;
            instruction.IsUniform = opcode == "bra.uni" && instruction.When > 0;
            jumps.Add((instructions.Count, operands.Single()));
        }
        else if (opcode.StartsWith("ld.", StringComparison.Ordinal) || opcode.StartsWith("st.", StringComparison.Ordinal))
        {
            Access(ref instruction, opcode.Split('.'), operands);
        }
        else if (opcode == "mov.b64" && shared.FindIndex(array => array.Name == operands[1]) is var k and >= 0)
        {
            instruction.Code = PtxCode.Move;
            instruction.D = Register(operands[0], "q");
            instruction.A = Constant((ulong)(((k + 1L) << PtxProgram.SharedShift) + shared[k].Alignment));
        }
        else if (PtxMeaning.Of(opcode) is { } meaning && operands.Length == meaning.Registers.Length)
        {
            instruction.Code = meaning.Code;
            bool writes = meaning.Code != PtxCode.Barrier;
            int[] read = [.. operands.Skip(writes ? 1 : 0).Select((operand, i) => Value(operand, meaning.Registers[i + (writes ? 1 : 0)]))];
            instruction.D = writes ? Register(operands[0], meaning.Registers[..1]) : 0;
            (instruction.A, instruction.B) = meaning.Swapped ? (read[1], read[0]) : (read[0], read.Length > 1 ? read[1] : 0);
            instruction.C = read.Length > 2 ? read[2] : 0;
            if (meaning.Code == PtxCode.Barrier && operands[0] != "0")
            {
                throw Unknown("barrier");
            }
        }
        else
        {
            throw Unknown("instruction");
        }

        return instruction;
    }

    /// <summary>A load or a store: ld.space[.v2].type.</summary>
    private void Access(ref PtxInstruction instruction, string[] opcode, string[] operands)
    {
        bool loads = opcode[0] == "ld";
        instruction.Code = (opcode[1], loads) switch
        {
            ("param", true) => PtxCode.LoadParam,
            ("global", true) => PtxCode.LoadGlobal,
            ("global", false) => PtxCode.StoreGlobal,
            ("shared", true) => PtxCode.LoadShared,
            ("shared", false) => PtxCode.StoreShared,
            _ => throw Unknown("memory"),
        };
        instruction.Count = (byte)(opcode.Length == 3 ? 1 : opcode[2] switch { "v2" => 2, "v4" => 4, _ => throw Unknown("vector") });
        string type = opcode[^1];
        instruction.Bytes = (byte)(Bits(type) / 8);
        string kinds = type switch { "b8" => "h", "b32" => "W", "b64" => "Q", "f32" => "f", "f64" => "d", _ => throw Unknown("type") };
        string[] elements = (loads ? operands[0] : operands[1]).Trim('{', '}').Split(',', StringSplitOptions.TrimEntries);
        string address = (loads ? operands[1] : operands[0]).Trim('[', ']');
        if (elements.Length != instruction.Count)
        {
            throw Unknown("vector");
        }

        int[] at = [.. elements.Select(element => loads ? Register(element, kinds) : Value(element, kinds[0]))];
        instruction.D = at[0];
        if (instruction.Count > 1)
        {
            instruction.D = lists.Count;
            lists.AddRange(at);
        }

        string[] sum = address.Split('+', StringSplitOptions.TrimEntries);
        instruction.Offset = sum.Length > 1 ? Number(sum[1]) : 0;
        if (instruction.Code == PtxCode.LoadParam)
        {
            instruction.Offset += parameters.TryGetValue(sum[0], out int offset) ? offset : throw Unknown("parameter");
            if (instruction.Offset + (instruction.Bytes * instruction.Count) > parameterBytes)
            {
                throw new PtxException($"{name}: a parameter is read beyond its end: '{line}'.");
            }
        }
        else
        {
            instruction.A = Register(sum[0], "q");
        }
    }

    private static string[] Operands(string text)
    {
        // A comma within braces is part of an operand.
        List<string> operands = [];
        int depth = 0, start = 0;
        for (int i = 0; i < text.Length; i++)
        {
            depth += text[i] is '{' ? 1 : text[i] is '}' ? -1 : 0;
            if (text[i] == ',' && depth == 0)
            {
                operands.Add(text[start..i].Trim());
                start = i + 1;
            }
        }

        operands.Add(text[start..].Trim());
        return [.. operands];
    }

    /// <summary>The place of a register of one of some kinds: an assembler refuses others.</summary>
    private int Register(string operand, string kinds)
    {
        int digits = operand.Length;
        while (digits > 0 && char.IsAsciiDigit(operand[digits - 1]))
        {
            digits--;
        }

        if (operand[0] != '%' || digits == operand.Length || !banks.TryGetValue(operand[..digits], out var bank))
        {
            throw Unknown("register");
        }

        bool fits = kinds[0] switch
        {
            'W' => bank.Kind is 'w' or 'f',
            'Q' => bank.Kind is 'q' or 'd',
            'f' => bank.Kind is 'f' or 'w',
            'd' => bank.Kind is 'd' or 'q',
            var kind => bank.Kind == kind,
        };
        int number = Number(operand[digits..]);
        return fits && number < bank.Count ? bank.First + number : throw new PtxException($"{name}: {operand} is not what '{line}' needs.");
    }

    /// <summary>The place of what an instruction reads: a register, a constant, or what a thread knows of itself.</summary>
    private int Value(string operand, char kind)
    {
        switch (operand)
        {
            case "%tid.x": return Place(ref places.Thread);
            case "%ntid.x": return Place(ref places.Threads);
            case "%ctaid.x": return Place(ref places.Group);
            case "%nctaid.x": return Place(ref places.Groups);
        }

        if (operand[0] == '%')
        {
            return Register(operand, kind.ToString());
        }

        ulong bits = operand switch
        {
            ['0', 'f' or 'F', .. var hex] when kind is 'f' or 'W' => uint.Parse(hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture),
            ['0', 'd' or 'D', .. var hex] when kind is 'd' or 'Q' => ulong.Parse(hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture),
            _ when kind is 'f' or 'd' => throw Unknown("constant"),
            _ when ulong.TryParse(operand, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value) => value,
            _ when long.TryParse(operand, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value) => unchecked((ulong)value),
            _ => throw Unknown("operand"),
        };
        return Constant(kind switch { 'p' => bits & 1, 'h' => (ushort)bits, 'w' or 'W' or 'f' => (uint)bits, _ => bits });
    }

    private int Place(ref int place)
    {
        if (place < 0)
        {
            place = registers.Count;
            registers.Add(0);
        }

        return place;
    }

    private int Constant(ulong bits)
    {
        if (!constants.TryGetValue(bits, out int place))
        {
            constants[bits] = place = registers.Count;
            registers.Add(bits);
        }

        return place;
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static int Length(string array) => Number(array[(array.IndexOf('[') + 1)..^1]);

    private int Bits(string type) => type switch
    {
        "b8" => 8,
        "b32" or "f32" => 32,
        "b64" or "f64" => 64,
        _ => throw Unknown("type"),
    };
}
