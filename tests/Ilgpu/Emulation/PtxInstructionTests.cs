namespace Gpu.Autograd.Backends.Ilgpu.Tests.Emulation;

/// <summary>The interpreter itself: what instructions give, worked out by hand from the manual.</summary>
public sealed class PtxInstructionTests
{
    private const ulong Nan = 0x7FC0_0000;

    [Theory]
    [InlineData("add.s32", 0x8000_0000, 0xFFFF_FFFF, 0x8000_0001)]
    [InlineData("sub.s32", 0xFFFF_FFFE, 3, 5)]
    [InlineData("mul.lo.s32", 0, 0x10000, 0x10000)]
    [InlineData("mul.wide.u32", 0xFFFF_FFFE_0000_0001, 0xFFFF_FFFF, 0xFFFF_FFFF)]
    [InlineData("mul.wide.s32", 1, 0xFFFF_FFFF, 0xFFFF_FFFF)]
    [InlineData("mul.lo.s64", 0xFFFF_FFFF_FFFF_FFF6, 5, 0xFFFF_FFFF_FFFF_FFFE)]
    [InlineData("div.s32", 0xFFFF_FFFD, 0xFFFF_FFF9, 2)]
    [InlineData("rem.s32", 0xFFFF_FFFF, 0xFFFF_FFF9, 2)]
    [InlineData("div.s32", 0x8000_0000, 0x8000_0000, 0xFFFF_FFFF)]
    [InlineData("rem.s32", 0, 0x8000_0000, 0xFFFF_FFFF)]
    [InlineData("div.s64", 0xFFFF_FFFF_FFFF_FFFD, 0xFFFF_FFFF_FFFF_FFF9, 2)]
    [InlineData("div.s64", 0x8000_0000_0000_0000, 0x8000_0000_0000_0000, 0xFFFF_FFFF_FFFF_FFFF)]
    [InlineData("shl.b32", 0, 1, 32)]
    [InlineData("shl.b32", 0x8000_0000, 1, 31)]
    [InlineData("shl.b32", 0, 1, 0xFFFF_FFFF)]
    [InlineData("shl.b64", 0, 1, 64)]
    [InlineData("shr.u32", 0, 0x8000_0000, 32)]
    [InlineData("shr.s32", 0xFFFF_FFFF, 0x8000_0000, 40)]
    [InlineData("shr.s32", 0xE000_0000, 0x8000_0000, 2)]
    [InlineData("shr.u64", 0, 0x8000_0000_0000_0000, 64)]
    [InlineData("shr.s64", 0xFFFF_FFFF_FFFF_FFFF, 0x8000_0000_0000_0000, 99)]
    [InlineData("and.b32", 0x00F0_0000, 0x0FF0_0000, 0x80F0_0000)]
    [InlineData("or.b64", 3UL << 62, 1UL << 63, 1UL << 62)]
    [InlineData("xor.b32", 0x0F, 0xFF, 0xF0)]
    [InlineData("and.pred", 0, 1, 0)]
    [InlineData("or.pred", 1, 1, 0)]
    [InlineData("xor.pred", 0, 1, 1)]
    [InlineData("setp.lt.s32", 1, 0xFFFF_FFFF, 1)]
    [InlineData("setp.lo.u32", 0, 0xFFFF_FFFF, 1)]
    [InlineData("setp.hi.u32", 1, 0xFFFF_FFFF, 1)]
    [InlineData("setp.hs.u32", 1, 7, 7)]
    [InlineData("setp.ls.u32", 0, 8, 7)]
    [InlineData("setp.gt.s32", 0, 0xFFFF_FFFF, 1)]
    [InlineData("setp.ge.s64", 0, 0xFFFF_FFFF_FFFF_FFFF, 0)]
    [InlineData("setp.le.s64", 1, 0xFFFF_FFFF_FFFF_FFFF, 0)]
    [InlineData("setp.eq.s32", 1, 0x1_0000_0005, 5)]
    [InlineData("setp.ne.s64", 1, 0x1_0000_0005, 5)]
    public void IntegersAreThoseOfTheManual(string opcode, ulong expected, ulong a, ulong b) => Assert.Equal(expected, PtxRig.Of(opcode, a, b));

    [Theory]
    [InlineData("neg.s32", 0x8000_0000, 0x8000_0000)]
    [InlineData("neg.s64", 0xFFFF_FFFF_FFFF_FFFF, 1)]
    [InlineData("not.b32", 0xFFFF_FFFE, 1)]
    [InlineData("not.b64", 0xFFFF_FFFF_FFFF_FFFE, 1)]
    [InlineData("not.pred", 1, 0)]
    [InlineData("cvt.s32.s8", 0xFFFF_FF80, 0x80)]
    [InlineData("cvt.s32.u8", 0x80, 0x80)]
    [InlineData("cvt.u8.s32", 0x34, 0x1234)]
    [InlineData("cvt.s64.s32", 0xFFFF_FFFF_8000_0000, 0x8000_0000)]
    [InlineData("cvt.u64.u32", 0x8000_0000, 0x8000_0000)]
    [InlineData("cvt.s32.s64", 5, 0x1_0000_0005)]
    [InlineData("neg.f32", 0x8000_0000, 0)]
    [InlineData("abs.f32", 0x3F80_0000, 0xBF80_0000)]
    [InlineData("abs.f64", 0, 0x8000_0000_0000_0000)]
    [InlineData("sqrt.rn.f32", 0x3FB5_04F3, 0x4000_0000)]
    [InlineData("sqrt.rn.f32", 0x7FFF_FFFF, 0xBF80_0000)]
    [InlineData("sqrt.rn.f64", 0x3FF6_A09E_667F_3BCD, 0x4000_0000_0000_0000)]
    [InlineData("rcp.rn.f32", 0x3EAA_AAAB, 0x4040_0000)]
    [InlineData("rcp.rn.f32", 0xFF80_0000, 0x8000_0000)]
    [InlineData("rcp.rn.f64", 0x3FD5_5555_5555_5555, 0x4008_0000_0000_0000)]

    // Between two numbers, nearest; halfway, to the even one.
    [InlineData("cvt.rn.f32.s32", 0x4B80_0000, 16_777_217)]
    [InlineData("cvt.rn.f32.s32", 0x4B80_0002, 16_777_219)]
    [InlineData("cvt.rn.f32.s32", 0xBF80_0000, 0xFFFF_FFFF)]
    [InlineData("cvt.rn.f32.s64", 0xDF00_0000, 0x8000_0000_0000_0000)]
    [InlineData("cvt.rn.f32.u64", 0x5F00_0000, 0x8000_0080_0000_0000)]
    [InlineData("cvt.rn.f32.u64", 0x5F00_0001, 0x8000_0080_0000_0001)]
    [InlineData("cvt.rn.f64.u64", 0x43F0_0000_0000_0000, 0xFFFF_FFFF_FFFF_FFFF)]
    [InlineData("cvt.rn.f64.s64", 0x4340_0000_0000_0000, (1L << 53) + 1)]
    [InlineData("cvt.rn.f32.f64", 0x3F80_0000, 0x3FF0_0000_1000_0000)]
    [InlineData("cvt.rn.f32.f64", 0x3F80_0001, 0x3FF0_0000_1000_0001)]
    [InlineData("cvt.rn.f32.f64", 0x7F80_0000, 0x7FE0_0000_0000_0000)]
    [InlineData("cvt.f64.f32", 0x36A0_0000_0000_0000, 1)]

    // Towards zero; beyond the range its end; NaN.
    [InlineData("cvt.rzi.s32.f32", 0xFFFF_FFFF, 0xBFE0_0000)]
    [InlineData("cvt.rzi.s32.f32", 0x7FFF_FFFF, 0x4F32_D05E)]
    [InlineData("cvt.rzi.s32.f32", 0x8000_0000, 0xFF80_0000)]
    [InlineData("cvt.rzi.s32.f32", 0, Nan)]
    [InlineData("cvt.rzi.s32.f64", 0x7FFF_FFFF, 0x41DF_FFFF_FFF0_0000)]
    [InlineData("cvt.rzi.s32.f64", 0x8000_0000, 0xC1E0_0000_0010_0000)]
    [InlineData("cvt.rzi.s64.f64", 0x7FFF_FFFF_FFFF_FFFF, 0x4415_AF1D_78B5_8C40)]
    [InlineData("cvt.rzi.s64.f64", 0x8000_0000_0000_0000, 0x7FF8_0000_0000_0000)]
    [InlineData("cvt.rzi.s64.f32", 0x8000_0000_0000_0000, 0xFF80_0000)]
    public void WhatReadsOneOperandIsThatOfTheManual(string opcode, ulong expected, ulong a) => Assert.Equal(expected, PtxRig.Of(opcode, a));

    [Theory]

    // The smallest numbers are kept.
    [InlineData("add.f32", 2, 1, 1)]
    [InlineData("mul.f32", 0x0040_0000, 0x0080_0000, 0x3F00_0000)]
    [InlineData("add.f32", 0x3F80_0000, 0x3F80_0000, 0x3380_0000)]
    [InlineData("add.f32", 0x3F80_0002, 0x3F80_0001, 0x3380_0000)]
    [InlineData("sub.f32", 0x7FFF_FFFF, 0x7F80_0000, 0x7F80_0000)]
    [InlineData("add.f32", 0x7FFF_FFFF, 0xFFC0_0001, 0)]
    [InlineData("div.rn.f32", 0x3EAA_AAAB, 0x3F80_0000, 0x4040_0000)]
    [InlineData("div.rn.f32", 0x7F80_0000, 0x3F80_0000, 0)]
    [InlineData("div.rn.f64", 0x3FD5_5555_5555_5555, 0x3FF0_0000_0000_0000, 0x4008_0000_0000_0000)]
    [InlineData("add.f64", 0x3FF0_0000_0000_0000, 0x3FF0_0000_0000_0000, 0x3CA0_0000_0000_0000)]
    [InlineData("sub.f64", 0, 1, 1)]
    [InlineData("mul.f64", 0x8000_0000_0000_0000, 0x8000_0000_0000_0001, 0x3FE0_0000_0000_0000)]
    [InlineData("setp.eq.f32", 1, 0, 0x8000_0000)]
    [InlineData("setp.eq.f32", 0, Nan, Nan)]
    [InlineData("setp.ne.f32", 0, Nan, 0)]
    [InlineData("setp.ne.f32", 1, 1, 0)]
    [InlineData("setp.neu.f32", 1, Nan, 0)]
    [InlineData("setp.neu.f32", 0, 0, 0)]
    [InlineData("setp.lt.f32", 0, Nan, 0)]
    [InlineData("setp.gt.f32", 1, 1, 0)]
    [InlineData("setp.ge.f32", 0, 0, Nan)]
    [InlineData("setp.ltu.f32", 1, Nan, 0)]
    [InlineData("setp.ltu.f32", 0, 0, 0)]
    [InlineData("setp.ltu.f32", 0, 1, 0)]
    [InlineData("setp.leu.f32", 1, 0, 0)]
    [InlineData("setp.leu.f32", 0, 1, 0)]
    [InlineData("setp.gtu.f32", 0, 0, 0)]
    [InlineData("setp.gtu.f32", 1, 0, Nan)]
    [InlineData("setp.geu.f32", 1, 0, 0)]
    [InlineData("setp.geu.f32", 0, 0, 1)]
    [InlineData("setp.geu.f64", 1, 0x7FF8_0000_0000_0000, 0)]
    [InlineData("setp.gtu.f64", 0, 0, 0x3FF0_0000_0000_0000)]
    [InlineData("setp.ge.f64", 0, 0x7FF8_0000_0000_0000, 0)]
    public void RealsAreThoseOfTheManual(string opcode, ulong expected, ulong a, ulong b) => Assert.Equal(expected, PtxRig.Of(opcode, a, b));

    [Theory]
    [InlineData("mad.lo.s32", 0xFFFF_FFF0, 7, 0xFFFF_FFFD, 5)]
    [InlineData("selp.b32", 7, 7, 8, 1)]
    [InlineData("selp.b64", 8, 7, 8, 0)]

    // (1 + 2⁻¹²)² − (1 + 2⁻¹¹) = 2⁻²⁴.
    [InlineData("fma.rn.f32", 0x3380_0000, 0x3F80_0800, 0x3F80_0800, 0xBF80_1000)]
    [InlineData("fma.rn.f64", 0x3C90_0000_0000_0000, 0x3FF0_0000_0200_0000, 0x3FF0_0000_0200_0000, 0xBFF0_0000_0400_0000)]
    public void WhatReadsThreeOperandsIsThatOfTheManual(string opcode, ulong expected, ulong a, ulong b, ulong c) =>
        Assert.Equal(expected, PtxRig.Of(opcode, a, b, c));

    /// <summary>A product and a sum round twice as they are written; where they become one instruction, once.</summary>
    [Theory]
    [InlineData("add.f32 %f3, %f2, 0fBF801000", false, 0)]
    [InlineData("add.f32 %f3, %f2, 0fBF801000", true, 0x3380_0000)]
    [InlineData("add.f32 %f3, 0fBF801000, %f2", true, 0x3380_0000)]
    [InlineData("sub.f32 %f3, %f2, 0f3F801000", true, 0x3380_0000)]
    [InlineData("sub.f32 %f3, 0f3F801000, %f2", true, 0xB380_0000)]
    [InlineData("mov.f32 %f1, 0f00000000; sub.f32 %f3, %f2, 0f3F801000", true, 0)]
    [InlineData("bra NEXT; NEXT: sub.f32 %f3, %f2, 0f3F801000", true, 0)]
    public void AProductAndASumMayBecomeOne(string sum, bool contracts, ulong expected)
    {
        string body = $"ld.global.f32 %f1, [%rd1]; mul.f32 %f2, %f1, %f1; {sum.Replace("NEXT:", "NEXT:\n")}; st.global.f32 [%rd2], %f3;";
        Assert.Equal(expected, PtxRig.Run(body, [0x3F80_0800], contracts: contracts)[0]);
    }

    [Fact]
    public void ThreadsKnowTheirPlaceAndMeetAtBarriers()
    {
        // Each thread gives its number to the next one of its group, by way of shared memory.
        const string Body = """
            mov.b32 %r1, %tid.x;
            mov.b32 %r2, %ntid.x;
            mov.b32 %r3, %ctaid.x;
            mad.lo.s32 %r4, %r3, %r2, %r1;
            mov.b64 %rd3, line;
            mul.wide.u32 %rd4, %r1, 4;
            add.u64 %rd5, %rd3, %rd4;
            st.shared.b32 [%rd5], %r4;
            bar.sync 0;
            add.s32 %r5, %r1, 1;
            rem.s32 %r5, %r5, %r2;
            mul.wide.u32 %rd4, %r5, 4;
            add.u64 %rd5, %rd3, %rd4;
            ld.shared.b32 %r6, [%rd5];
            mul.wide.u32 %rd4, %r4, 8;
            add.u64 %rd5, %rd2, %rd4;
            st.global.b32 [%rd5], %r6;
            """;
        ulong[] got = PtxRig.Run(Body, [0], got: 120, groups: 3, threads: 40, ".shared .align 4 .b8 line[160];");
        Assert.Equal(Enumerable.Range(0, 120).Select(i => (ulong)((i / 40 * 40) + ((i + 1) % 40))), got);
    }

    [Fact]
    public void SeveralElementsAreLoadedAndStoredAtOnceInTheirOrder()
    {
        const string Body = """
            ld.global.v4.f32 {%f1, %f2, %f3, %f4}, [%rd1];
            st.global.v2.f32 [%rd2+8], {%f4, %f1};
            ld.global.v2.f64 {%fd1, %fd2}, [%rd1+16];
            st.global.f64 [%rd2], %fd2;
            """;
        Assert.Equal([9UL, (1UL << 32) | 4], PtxRig.Run(Body, [(2UL << 32) | 1, (4UL << 32) | 3, 8, 9], got: 2));
    }

    /// <summary>What it does not know it says, whole.</summary>
    [Theory]
    [InlineData("ex2.approx.f32 %f1, %f2;", "instruction")]
    [InlineData("add.ftz.f32 %f1, %f2, %f3;", "instruction")]
    [InlineData("atom.global.add.f32 %f1, [%rd1], %f2;", "instruction")]
    [InlineData("ld.local.f32 %f1, [%rd1];", "memory")]
    [InlineData("ld.f32 %f1, [%rd1];", "memory")]
    [InlineData("bra NOWHERE;", "label")]
    [InlineData("bar.sync 1;", "barrier")]
    [InlineData("mov.b32 %r1, %laneid;", "register")]
    public void WhatIsNotKnownIsRefused(string instruction, string what)
    {
        var error = Assert.Throws<PtxException>(() => PtxRig.Run(instruction, [0]));
        Assert.Equal($"test: this {what} is not known to the interpreter: '{instruction}'.", error.Message);
    }

    [Theory]
    [InlineData("add.f32 %f1, %r1, %rd1;")]
    [InlineData("add.s32 %r1, %f1, %r2;")]
    [InlineData("add.f64 %f1, %fd1, %fd2;")]
    [InlineData("mov.b32 %r8, 0;")]
    public void RegistersOfAnotherKindAreRefused(string instruction) =>
        Assert.Contains("is not what", Assert.Throws<PtxException>(() => PtxRig.Run(instruction, [0])).Message);
}
