using System.Runtime.InteropServices;

namespace Gpu.Autograd.Backends.Ilgpu.Tests.Emulation;

/// <summary>Runs PTX that a test wrote: its address of what is given is %rd1, that of what it gives %rd2.</summary>
internal static unsafe class PtxRig
{
    /// <summary>The registers that there are, but for predicates: eight of each kind.</summary>
    private const string Frame = """
        .version 7.5
        .target sm_80
        .address_size 64
        .visible .entry test(
            .param .b64 given,
            .param .b64 got
        )
        {
            DECLARATIONS
            .reg .pred  %p<8>;
            .reg .b16   %rs<8>;
            .reg .b32   %r<8>;
            .reg .b64   %rd<8>;
            .reg .f32   %f<8>;
            .reg .f64   %fd<8>;
            ld.param.b64 %rd1, [given];
            ld.param.b64 %rd2, [got];
            BODY
            ret;
        }
        """;

    /// <summary>What stands in memory after a kernel has run.</summary>
    internal static ulong[] Run(
        string body, ulong[] given, int got = 1, int groups = 1, int threads = 1, string declarations = "", bool contracts = false, int seed = 1)
    {
        string text = Frame.Replace("DECLARATIONS", declarations).Replace("BODY", body.Replace(";", ";\n"));
        var program = PtxParser.Parse("test", text);
        if (contracts)
        {
            PtxContraction.Apply(program.Instructions, program.Lists);
        }

        var memory = new PtxMemory();
        var (x, y) = (memory.Allocate(given.Length * sizeof(ulong)), memory.Allocate(got * sizeof(ulong)));
        given.CopyTo(new Span<ulong>(x.Start, given.Length));
        x.Watch.WriteByHost(0, x.Bytes);
        new Span<ulong>(y.Start, got).Clear();
        Span<long> arguments = [x.Address, y.Address];
        fixed (long* start = arguments)
        {
            new PtxMachine(memory, seed).Launch(program, (byte*)start, 2 * sizeof(long), groups, threads);
        }

        return new Span<ulong>(y.Start, got).ToArray();
    }

    /// <summary>What one instruction makes of the bits of its operands.</summary>
    internal static ulong Of(string opcode, params ulong[] operands)
    {
        string kinds = PtxMeaning.Of(opcode)!.Value.Registers;
        var body = new System.Text.StringBuilder();
        List<string> names = [];
        for (int i = 0; i < kinds.Length; i++)
        {
            var (register, type) = kinds[i] switch
            {
                'p' => ($"%p{i}", "b32"),
                'h' => ($"%rs{i}", "b8"),
                'w' or 'W' => ($"%r{i}", "b32"),
                'q' or 'Q' => ($"%rd{i + 3}", "b64"),
                'f' => ($"%f{i}", "f32"),
                _ => ($"%fd{i}", "f64"),
            };
            names.Add(register);
            if (i > 0)
            {
                string to = kinds[i] == 'p' ? "%r7" : register;
                body.Append($"ld.global.{type} {to}, [%rd1+{8 * (i - 1)}];");
                body.Append(kinds[i] == 'p' ? $"setp.ne.s32 {register}, %r7, 0;" : "");
            }
        }

        body.Append($"{opcode} {string.Join(", ", names)};");
        body.Append(kinds[0] switch
        {
            'p' => $"selp.b32 %r7, 1, 0, {names[0]}; st.global.b32 [%rd2], %r7",
            'h' => $"cvt.s32.u8 %r7, {names[0]}; st.global.b32 [%rd2], %r7",
            'w' or 'W' => $"st.global.b32 [%rd2], {names[0]}",
            'f' => $"st.global.f32 [%rd2], {names[0]}",
            'd' => $"st.global.f64 [%rd2], {names[0]}",
            _ => $"st.global.b64 [%rd2], {names[0]}",
        });
        return Run(body.Append(';').ToString(), operands)[0];
    }

    /// <summary>The bits of a number of 32.</summary>
    internal static ulong Bits(float value) => MemoryMarshal.Cast<float, uint>(new ReadOnlySpan<float>(in value))[0];
}
