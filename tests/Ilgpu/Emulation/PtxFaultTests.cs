using Gpu.Autograd.Kernels;

namespace Gpu.Autograd.Backends.Ilgpu.Tests.Emulation;

/// <summary>What the interpreter finds: faults planted in PTX, and those of ILGPU's that the library mends.</summary>
public sealed class PtxFaultTests
{
    private const string Shared = ".shared .align 4 .b8 line[16];";

    [Theory]
    [InlineData("ld.global.b32 %r1, [%rd1+8];", "is in no memory: byte 8 of a block")]
    [InlineData("ld.global.b32 %r1, [%rd1+-4];", "is in no memory: byte -4 of a block")]
    [InlineData("st.global.b64 [%rd2+8], %rd1;", "is in no memory")]
    [InlineData("mov.b64 %rd3, 0; ld.global.b32 %r1, [%rd3];", "is in no memory")]
    [InlineData("ld.global.b32 %r1, [%rd1+2];", "is not a multiple of 4")]
    [InlineData("ld.global.v2.f32 {%f1, %f2}, [%rd1+4];", "is not a multiple of 8")]
    [InlineData("mov.b64 %rd3, 64; ld.shared.b32 %r1, [%rd3];", "is in none of its shared memory")]
    [InlineData("mov.b64 %rd3, line; ld.shared.b32 %r1, [%rd3+16];", "is in none of its shared memory: byte 16 of 16")]
    [InlineData("mov.b64 %rd3, line; ld.shared.b32 %r1, [%rd3];", "reads what nobody wrote")]
    [InlineData("mov.b64 %rd3, line; st.shared.v2.f32 [%rd3], {%f1, %f1};", "is not a multiple of 8")]
    [InlineData("mov.b64 %rd3, line; ld.global.b32 %r1, [%rd3];", "is in no memory")]
    [InlineData("mov.b32 %r1, 0; div.s32 %r2, %r1, %r1;", "divides an integer by 0")]
    [InlineData("LOOP:\nbra LOOP;", "has not ended")]
    public void AFaultNamesTheInstruction(string body, string what)
    {
        var error = Assert.Throws<PtxException>(() => PtxRig.Run(body, [0], declarations: Shared));
        Assert.Contains(what, error.Message);
        Assert.StartsWith("test: thread 0 of a group ", error.Message);
        Assert.EndsWith($"'{body.Split([';', '\n'], StringSplitOptions.RemoveEmptyEntries)[^1].Trim()};'.", error.Message);
    }

    [Theory]

    // All threads write one word, or one writes what the others read.
    [InlineData("st.global.b32 [%rd2], %r1;", "wrote with no barrier between")]
    [InlineData("ld.global.b32 %r2, [%rd1]; @%p1 st.global.b32 [%rd1], %r1;", "with no barrier between")]
    [InlineData("mov.b64 %rd3, line; @%p1 st.shared.b32 [%rd3], %r1; bar.sync 0; ld.shared.b32 %r2, [%rd3]; @%p1 st.shared.b32 [%rd3], %r1;",
        "with no barrier between")]

    // Some threads pass a barrier by, or come to another.
    [InlineData("@%p1 bra END; bar.sync 0; END:\nmov.b32 %r2, 0;", "some wait at a barrier")]
    [InlineData("@%p1 bra OTHER; bar.sync 0; bra END; OTHER:\nbar.sync 0; END:\nmov.b32 %r2, 0;", "some wait at a barrier")]

    // A jump that is promised to be taken by all of a warp or by none.
    [InlineData("@%p1 bra.uni END; mov.b32 %r2, 0; END:\nmov.b32 %r2, 0;", "promised that all go the same way")]
    public void WhatThreadsMustNotDoToEachOtherIsFound(string body, string what)
    {
        for (int seed = 0; seed < 3; seed++)
        {
            var error = Assert.Throws<PtxException>(() => PtxRig.Run(
                $"mov.b32 %r1, %tid.x; setp.eq.s32 %p1, %r1, 5; {body}", [0], threads: 40, declarations: Shared, seed: seed));
            Assert.Contains(what, error.Message);
        }
    }

    [Fact]
    public void WhatOneGroupWritesNoOtherMayUse()
    {
        // One thread a group, so no barrier could help.
        const string Body = "mov.b32 %r1, %ctaid.x; ld.global.b32 %r2, [%rd1]; setp.eq.s32 %p1, %r1, 1; @%p1 st.global.b32 [%rd1], %r1;";
        Assert.Contains("with no barrier between", Assert.Throws<PtxException>(() => PtxRig.Run(Body, [0], groups: 2)).Message);
    }

    [Fact]
    public void WhatIsNotPlantedIsNotFound()
    {
        // Readers of one word; a word written again after a barrier; barriers of whole warps that go different ways.
        const string Body = """
            mov.b32 %r1, %tid.x;
            setp.eq.s32 %p1, %r1, 5;
            mov.b64 %rd3, line;
            @%p1 st.shared.b32 [%rd3], %r1;
            bar.sync 0;
            ld.shared.b32 %r2, [%rd3];
            bar.sync 0;
            @%p1 st.shared.b32 [%rd3], %r2;
            setp.lt.s32 %p2, %r1, 32;
            @%p2 bra OTHER;
            bar.sync 0;
            bra END;
            OTHER:
            bar.sync 0;
            END:
            @%p1 st.global.b32 [%rd2], %r2;
            """;
        Assert.Equal(5UL, PtxRig.Run(Body, [0], threads: 64, declarations: Shared)[0]);
    }

    /// <summary>ILGPU promises of jumps that depend on the thread's number what it cannot know; without the promises there is nothing to break.</summary>
    [Fact]
    public void NoJumpPromisesWhatItDependsOn()
    {
        const string Text = "\t@%p7 bra.uni\tL_1;\n\t@!%p1 bra.uni\tL_2;\n\tbra.uni\tL_3;\n\t@%p2 bra\tL_4;\n\tbrx.idx.uni\t%r1, L_5;\n";
        Assert.Equal("\t@%p7 bra\tL_1;\n\t@!%p1 bra\tL_2;\n\tbra.uni\tL_3;\n\t@%p2 bra\tL_4;\n\tbrx.idx\t%r1, L_5;\n", PtxBranches.WithoutPromises(Text));

        using var asWritten = new PtxBackend(contracts: false, keepsPromises: true);
        using var mended = new PtxBackend(contracts: false);
        Assert.Contains("promised that all go the same way", Assert.Throws<PtxException>(() => Truncated(asWritten)).Message);
        Assert.Equal([0, 2, int.MaxValue, int.MinValue], Truncated(mended));

        static int[] Truncated(PtxBackend backend)
        {
            var device = new Device("ptx", backend);
            return Tensor.From<float>([float.NaN, 2.5f, 1e20f, -1e20f], device: device).To(DType.Int32).ToArray<int>();
        }
    }

    /// <summary>
    /// A kernel with a barrier right after an if: ILGPU writes the barrier twice, and threads of a warp come to different ones. With
    /// <see cref="Groups.Meet"/> it stands there once.
    /// </summary>
    [Fact]
    public void ABarrierRightAfterAnIfIsNotOneBarrier()
    {
        using var backend = new PtxBackend(contracts: false);
        Assert.Contains("some wait at a barrier", Assert.Throws<PtxException>(() => backend.Launch(default(BarrierAfterIf), 1, 32)).Message);
        backend.Launch(default(MeetingAfterIf), 1, 32);
    }
}

/// <summary>A barrier right after an if.</summary>
public readonly struct BarrierAfterIf : IGroupKernel<DeviceMemory>
{
    public void Run<G>(int group)
        where G : struct, IGroup<DeviceMemory>
    {
        var shared = G.Shared<int>(1);
        if (G.Local == 3)
        {
            shared.Store(0, 1);
        }

        G.Barrier();
        shared.Load<int>(0);
    }
}

/// <summary>The same where the paths meet.</summary>
public readonly struct MeetingAfterIf : IGroupKernel<DeviceMemory>
{
    public void Run<G>(int group)
        where G : struct, IGroup<DeviceMemory>
    {
        var shared = G.Shared<int>(1);
        if (G.Local == 3)
        {
            shared.Store(0, 1);
        }

        Groups.Meet<G, DeviceMemory>();
        shared.Load<int>(0);
    }
}
