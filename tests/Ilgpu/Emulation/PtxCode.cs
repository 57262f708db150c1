namespace Gpu.Autograd.Backends.Ilgpu.Tests.Emulation;

/// <summary>What an instruction does. Numbers are bits in registers of 64: a code says how it reads them.</summary>
internal enum PtxCode : byte
{
    LoadParam, LoadGlobal, StoreGlobal, LoadShared, StoreShared,
    Branch, Barrier, Exit,
    DivideS32, RemainderS32, DivideU32, RemainderU32, DivideS64, RemainderS64, DivideU64, RemainderU64,

    // From here on they only compute, and every number will do.
    Move, Select,
    Add32, Subtract32, Multiply32, MultiplyAdd32, Negate32,
    Add64, Subtract64, Multiply64, Negate64,
    WideU32, WideS32,
    And, Or, Xor, Not32, Not64, NotPredicate,
    Left32, Left64, RightS32, RightU32, RightS64, RightU64,
    Equal, NotEqual, LessS32, LessEqualS32, LessU, LessEqualU, LessS64, LessEqualS64,
    AddF, SubtractF, MultiplyF, FusedF, DivideF, NegateF, AbsF, RootF, ReciprocalF,
    AddD, SubtractD, MultiplyD, FusedD, DivideD, NegateD, AbsD, RootD, ReciprocalD,
    EqualF, NotEqualF, LessF, LessEqualF, UnequalF, NotLessF, NotLessEqualF,
    EqualD, NotEqualD, LessD, LessEqualD, UnequalD, NotLessD, NotLessEqualD,
    SignExtend8To16, SignExtend8To32, SignExtend8To64, Low8, SignExtend32To64, Low32,
    S32ToF, S64ToF, U32ToF, U64ToF, S32ToD, S64ToD, U32ToD, U64ToD, DToF, FToD,
    FToS32, FToS64, DToS32, DToS64,
    NegatedFusedF, NegatedFusedD, FusedLessF, FusedLessD,
}

/// <summary>
/// What the names of instructions mean: those that ILGPU gives our kernels, each by its whole name. Any other is refused.
/// </summary>
/// <param name="Code">What it does.</param>
/// <param name="Registers">
/// The kinds of what it writes and of what it reads, in order: p for a predicate, h for 16 bits, w and q for integers of 32 and 64, f and d for
/// reals of 32 and 64, W and Q for either.
/// </param>
/// <param name="Swapped">Whether the two that it reads change places.</param>
internal readonly record struct PtxMeaning(PtxCode Code, string Registers, bool Swapped = false)
{
    private static readonly Dictionary<string, PtxMeaning> Known = Table();

    /// <summary>The meaning of a name; null where it is not known.</summary>
    internal static PtxMeaning? Of(string name) => Known.TryGetValue(name, out var meaning) ? meaning : null;

    private static Dictionary<string, PtxMeaning> Table()
    {
        Dictionary<string, PtxMeaning> table = [];
        void Add(PtxCode code, string registers, params string[] names)
        {
            foreach (string name in names)
            {
                table.Add(name, new PtxMeaning(code, registers));
            }
        }

        Add(PtxCode.Move, "pp", "mov.pred");
        Add(PtxCode.Move, "hh", "mov.b16");
        Add(PtxCode.Move, "WW", "mov.b32");
        Add(PtxCode.Move, "QQ", "mov.b64");
        Add(PtxCode.Move, "ff", "mov.f32");
        Add(PtxCode.Move, "dd", "mov.f64");
        Add(PtxCode.Select, "hhhp", "selp.b16");
        Add(PtxCode.Select, "WWWp", "selp.b32");
        Add(PtxCode.Select, "QQQp", "selp.b64");

        // One address space holds global memory, so an address there is the generic one.
        Add(PtxCode.Move, "qq", "cvta.to.global.u64");
        Add(PtxCode.Barrier, "w", "bar.sync");

        Add(PtxCode.Add32, "www", "add.s32", "add.u32");
        Add(PtxCode.Subtract32, "www", "sub.s32", "sub.u32");
        Add(PtxCode.Multiply32, "www", "mul.lo.s32", "mul.lo.u32");
        Add(PtxCode.MultiplyAdd32, "wwww", "mad.lo.s32", "mad.lo.u32");
        Add(PtxCode.DivideS32, "www", "div.s32");
        Add(PtxCode.RemainderS32, "www", "rem.s32");
        Add(PtxCode.DivideU32, "www", "div.u32");
        Add(PtxCode.RemainderU32, "www", "rem.u32");
        Add(PtxCode.Negate32, "ww", "neg.s32");
        Add(PtxCode.Add64, "qqq", "add.s64", "add.u64");
        Add(PtxCode.Subtract64, "qqq", "sub.s64", "sub.u64");
        Add(PtxCode.Multiply64, "qqq", "mul.lo.s64", "mul.lo.u64");
        Add(PtxCode.DivideS64, "qqq", "div.s64");
        Add(PtxCode.RemainderS64, "qqq", "rem.s64");
        Add(PtxCode.DivideU64, "qqq", "div.u64");
        Add(PtxCode.RemainderU64, "qqq", "rem.u64");
        Add(PtxCode.Negate64, "qq", "neg.s64");
        Add(PtxCode.WideU32, "qww", "mul.wide.u32");
        Add(PtxCode.WideS32, "qww", "mul.wide.s32");

        Add(PtxCode.And, "ppp", "and.pred");
        Add(PtxCode.Or, "ppp", "or.pred");
        Add(PtxCode.Xor, "ppp", "xor.pred");
        Add(PtxCode.NotPredicate, "pp", "not.pred");
        Add(PtxCode.And, "WWW", "and.b32");
        Add(PtxCode.Or, "WWW", "or.b32");
        Add(PtxCode.Xor, "WWW", "xor.b32");
        Add(PtxCode.Not32, "WW", "not.b32");
        Add(PtxCode.And, "QQQ", "and.b64");
        Add(PtxCode.Or, "QQQ", "or.b64");
        Add(PtxCode.Xor, "QQQ", "xor.b64");
        Add(PtxCode.Not64, "QQ", "not.b64");
        Add(PtxCode.Left32, "WWw", "shl.b32");
        Add(PtxCode.Left64, "QQw", "shl.b64");
        Add(PtxCode.RightS32, "www", "shr.s32");
        Add(PtxCode.RightU32, "WWw", "shr.u32", "shr.b32");
        Add(PtxCode.RightS64, "qqw", "shr.s64");
        Add(PtxCode.RightU64, "QQw", "shr.u64", "shr.b64");

        Compare("s32", "pww", PtxCode.LessS32, PtxCode.LessEqualS32, "lt", "le", "gt", "ge");
        Compare("s64", "pqq", PtxCode.LessS64, PtxCode.LessEqualS64, "lt", "le", "gt", "ge");

        // Registers hold nothing above an element's bits, so unsigned numbers compare alike in every width.
        Compare("u32", "pww", PtxCode.LessU, PtxCode.LessEqualU, "lo", "ls", "hi", "hs");
        Compare("u64", "pqq", PtxCode.LessU, PtxCode.LessEqualU, "lo", "ls", "hi", "hs");
        foreach (var (type, registers) in new[] { ("s32", "pww"), ("s64", "pqq"), ("u32", "pww"), ("u64", "pqq") })
        {
            Add(PtxCode.Equal, registers, $"setp.eq.{type}");
            Add(PtxCode.NotEqual, registers, $"setp.ne.{type}");
        }

        Compare("f32", "pff", PtxCode.LessF, PtxCode.LessEqualF, "lt", "le", "gt", "ge");
        Compare("f64", "pdd", PtxCode.LessD, PtxCode.LessEqualD, "lt", "le", "gt", "ge");

        // a ≥ b or unordered: not a < b.
        Compare("f32", "pff", PtxCode.NotLessF, PtxCode.NotLessEqualF, "geu", "gtu", "leu", "ltu");
        Compare("f64", "pdd", PtxCode.NotLessD, PtxCode.NotLessEqualD, "geu", "gtu", "leu", "ltu");
        Add(PtxCode.EqualF, "pff", "setp.eq.f32");
        Add(PtxCode.EqualD, "pdd", "setp.eq.f64");
        Add(PtxCode.NotEqualF, "pff", "setp.ne.f32");
        Add(PtxCode.NotEqualD, "pdd", "setp.ne.f64");
        Add(PtxCode.UnequalF, "pff", "setp.neu.f32");
        Add(PtxCode.UnequalD, "pdd", "setp.neu.f64");

        Add(PtxCode.AddF, "fff", "add.f32");
        Add(PtxCode.SubtractF, "fff", "sub.f32");
        Add(PtxCode.MultiplyF, "fff", "mul.f32");
        Add(PtxCode.FusedF, "ffff", "fma.rn.f32");
        Add(PtxCode.DivideF, "fff", "div.rn.f32");
        Add(PtxCode.NegateF, "ff", "neg.f32");
        Add(PtxCode.AbsF, "ff", "abs.f32");
        Add(PtxCode.RootF, "ff", "sqrt.rn.f32");
        Add(PtxCode.ReciprocalF, "ff", "rcp.rn.f32");
        Add(PtxCode.AddD, "ddd", "add.f64");
        Add(PtxCode.SubtractD, "ddd", "sub.f64");
        Add(PtxCode.MultiplyD, "ddd", "mul.f64");
        Add(PtxCode.FusedD, "dddd", "fma.rn.f64");
        Add(PtxCode.DivideD, "ddd", "div.rn.f64");
        Add(PtxCode.NegateD, "dd", "neg.f64");
        Add(PtxCode.AbsD, "dd", "abs.f64");
        Add(PtxCode.RootD, "dd", "sqrt.rn.f64");
        Add(PtxCode.ReciprocalD, "dd", "rcp.rn.f64");

        Add(PtxCode.SignExtend8To16, "hh", "cvt.s16.s8");
        Add(PtxCode.SignExtend8To32, "wh", "cvt.s32.s8");
        Add(PtxCode.SignExtend8To64, "qh", "cvt.s64.s8");
        Add(PtxCode.Low8, "wh", "cvt.s32.u8", "cvt.u32.u8");
        Add(PtxCode.Low8, "qh", "cvt.u64.u8", "cvt.s64.u8");
        Add(PtxCode.Low8, "hw", "cvt.u8.s32", "cvt.u8.u32");
        Add(PtxCode.Low8, "hq", "cvt.u8.s64", "cvt.u8.u64");
        Add(PtxCode.SignExtend32To64, "qw", "cvt.s64.s32", "cvt.u64.s32");
        Add(PtxCode.Low32, "qw", "cvt.u64.u32", "cvt.s64.u32");
        Add(PtxCode.Low32, "wq", "cvt.s32.s64", "cvt.u32.u64", "cvt.s32.u64", "cvt.u32.s64");
        Add(PtxCode.S32ToF, "fw", "cvt.rn.f32.s32");
        Add(PtxCode.S64ToF, "fq", "cvt.rn.f32.s64");
        Add(PtxCode.U32ToF, "fw", "cvt.rn.f32.u32");
        Add(PtxCode.U64ToF, "fq", "cvt.rn.f32.u64");
        Add(PtxCode.S32ToD, "dw", "cvt.rn.f64.s32");
        Add(PtxCode.S64ToD, "dq", "cvt.rn.f64.s64");
        Add(PtxCode.U32ToD, "dw", "cvt.rn.f64.u32");
        Add(PtxCode.U64ToD, "dq", "cvt.rn.f64.u64");
        Add(PtxCode.DToF, "fd", "cvt.rn.f32.f64");
        Add(PtxCode.FToD, "df", "cvt.f64.f32");
        Add(PtxCode.FToS32, "wf", "cvt.rzi.s32.f32");
        Add(PtxCode.FToS64, "qf", "cvt.rzi.s64.f32");
        Add(PtxCode.DToS32, "wd", "cvt.rzi.s32.f64");
        Add(PtxCode.DToS64, "qd", "cvt.rzi.s64.f64");
        return table;

        // Two codes and the four names that they give: as they are, and with what they read in the other order.
        void Compare(string type, string registers, PtxCode first, PtxCode second, string one, string two, string swappedOne, string swappedTwo)
        {
            table.Add($"setp.{one}.{type}", new PtxMeaning(first, registers));
            table.Add($"setp.{two}.{type}", new PtxMeaning(second, registers));
            table.Add($"setp.{swappedOne}.{type}", new PtxMeaning(first, registers, Swapped: true));
            table.Add($"setp.{swappedTwo}.{type}", new PtxMeaning(second, registers, Swapped: true));
        }
    }
}
