using System.Runtime.CompilerServices;

namespace Gpu.Autograd.Backends.Ilgpu.Tests.Emulation;

/// <content>The instructions.</content>
internal sealed unsafe partial class PtxMachine
{
    private const ulong SignF = 0x8000_0000;
    private const ulong SignD = 0x8000_0000_0000_0000;

    /// <summary>What an instruction computes, from the bits of what it reads.</summary>
    /// <remarks>
    /// float and double are rounded to nearest, with all small numbers kept, as the manual says of instructions that do not say otherwise.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Result(PtxCode code, ulong a, ulong b, ulong c) => code switch
    {
        PtxCode.Move => a,
        PtxCode.Select => c != 0 ? a : b,

        PtxCode.Add32 => (uint)a + (ulong)(uint)b & uint.MaxValue,
        PtxCode.Subtract32 => (uint)(a - b),
        PtxCode.Multiply32 => (uint)(a * b),
        PtxCode.MultiplyAdd32 => (uint)((a * b) + c),
        PtxCode.Negate32 => (uint)-(int)a,
        PtxCode.Add64 => a + b,
        PtxCode.Subtract64 => a - b,
        PtxCode.Multiply64 => a * b,
        PtxCode.Negate64 => (ulong)-(long)a,
        PtxCode.WideU32 => (ulong)(uint)a * (uint)b,
        PtxCode.WideS32 => (ulong)((long)(int)a * (int)b),

        PtxCode.And => a & b,
        PtxCode.Or => a | b,
        PtxCode.Xor => a ^ b,
        PtxCode.Not32 => (uint)~a,
        PtxCode.Not64 => ~a,
        PtxCode.NotPredicate => a ^ 1,

        // Shifts by more than there are bits are by as many, not by the low bits of the number.
        PtxCode.Left32 => (uint)b > 31 ? 0 : (uint)a << (int)b,
        PtxCode.Left64 => (uint)b > 63 ? 0 : a << (int)b,
        PtxCode.RightS32 => (uint)((int)a >> (int)Math.Min((uint)b, 31)),
        PtxCode.RightU32 => (uint)b > 31 ? 0 : (uint)a >> (int)b,
        PtxCode.RightS64 => (ulong)((long)a >> (int)Math.Min((uint)b, 63)),
        PtxCode.RightU64 => (uint)b > 63 ? 0 : a >> (int)b,

        PtxCode.Equal => Bit(a == b),
        PtxCode.NotEqual => Bit(a != b),
        PtxCode.LessS32 => Bit((int)a < (int)b),
        PtxCode.LessEqualS32 => Bit((int)a <= (int)b),
        PtxCode.LessU => Bit(a < b),
        PtxCode.LessEqualU => Bit(a <= b),
        PtxCode.LessS64 => Bit((long)a < (long)b),
        PtxCode.LessEqualS64 => Bit((long)a <= (long)b),

        PtxCode.AddF => Bits(F(a) + F(b)),
        PtxCode.SubtractF => Bits(F(a) - F(b)),
        PtxCode.MultiplyF => Bits(F(a) * F(b)),
        PtxCode.FusedF => Bits(MathF.FusedMultiplyAdd(F(a), F(b), F(c))),
        PtxCode.FusedLessF => Bits(MathF.FusedMultiplyAdd(F(a), F(b), -F(c))),
        PtxCode.NegatedFusedF => Bits(MathF.FusedMultiplyAdd(-F(a), F(b), F(c))),
        PtxCode.DivideF => Bits(F(a) / F(b)),
        PtxCode.NegateF => a ^ SignF,
        PtxCode.AbsF => a & ~SignF,
        PtxCode.RootF => Bits(MathF.Sqrt(F(a))),
        PtxCode.ReciprocalF => Bits(1 / F(a)),
        PtxCode.AddD => Bits(D(a) + D(b)),
        PtxCode.SubtractD => Bits(D(a) - D(b)),
        PtxCode.MultiplyD => Bits(D(a) * D(b)),
        PtxCode.FusedD => Bits(Math.FusedMultiplyAdd(D(a), D(b), D(c))),
        PtxCode.FusedLessD => Bits(Math.FusedMultiplyAdd(D(a), D(b), -D(c))),
        PtxCode.NegatedFusedD => Bits(Math.FusedMultiplyAdd(-D(a), D(b), D(c))),
        PtxCode.DivideD => Bits(D(a) / D(b)),
        PtxCode.NegateD => a ^ SignD,
        PtxCode.AbsD => a & ~SignD,
        PtxCode.RootD => Bits(Math.Sqrt(D(a))),
        PtxCode.ReciprocalD => Bits(1 / D(a)),

        PtxCode.EqualF => Bit(F(a) == F(b)),
        PtxCode.NotEqualF => Bit(F(a) < F(b) || F(a) > F(b)),
        PtxCode.LessF => Bit(F(a) < F(b)),
        PtxCode.LessEqualF => Bit(F(a) <= F(b)),
        PtxCode.UnequalF => Bit(F(a) != F(b)),
        PtxCode.NotLessF => Bit(!(F(a) < F(b))),
        PtxCode.NotLessEqualF => Bit(!(F(a) <= F(b))),
        PtxCode.EqualD => Bit(D(a) == D(b)),
        PtxCode.NotEqualD => Bit(D(a) < D(b) || D(a) > D(b)),
        PtxCode.LessD => Bit(D(a) < D(b)),
        PtxCode.LessEqualD => Bit(D(a) <= D(b)),
        PtxCode.UnequalD => Bit(D(a) != D(b)),
        PtxCode.NotLessD => Bit(!(D(a) < D(b))),
        PtxCode.NotLessEqualD => Bit(!(D(a) <= D(b))),

        PtxCode.SignExtend8To16 => (ushort)(sbyte)a,
        PtxCode.SignExtend8To32 => (uint)(sbyte)a,
        PtxCode.SignExtend8To64 => (ulong)(sbyte)a,
        PtxCode.Low8 => (byte)a,
        PtxCode.SignExtend32To64 => (ulong)(int)a,
        PtxCode.Low32 => (uint)a,
        PtxCode.S32ToF => Bits((float)(int)a),
        PtxCode.S64ToF => Bits((float)(long)a),
        PtxCode.U32ToF => Bits((float)(long)(uint)a),
        PtxCode.U64ToF => Bits((long)a >= 0 ? (float)(long)a : (float)(long)(a >> 1 | (a & 1)) * 2),
        PtxCode.S32ToD => Bits((double)(int)a),
        PtxCode.S64ToD => Bits((double)(long)a),
        PtxCode.U32ToD => Bits((double)(uint)a),
        PtxCode.U64ToD => Bits((long)a >= 0 ? (double)(long)a : (double)(long)(a >> 1 | (a & 1)) * 2),
        PtxCode.DToF => Bits((float)D(a)),
        PtxCode.FToD => Bits((double)F(a)),

        // Beyond the range the end of it; NaN is 0 in 32 bits, and the least integer where one of the two has 64.
        PtxCode.FToS32 => float.IsNaN(F(a)) ? 0 : (uint)Whole32(F(a)),
        PtxCode.DToS32 => double.IsNaN(D(a)) ? SignF : (uint)Whole32(D(a)),
        PtxCode.FToS64 => float.IsNaN(F(a)) ? SignD : (ulong)Whole64(F(a)),
        PtxCode.DToS64 => double.IsNaN(D(a)) ? SignD : (ulong)Whole64(D(a)),
        _ => throw new PtxException($"The interpreter has no rule for {code}."),
    };

    private static ulong Quotient(PtxCode code, ulong a, ulong b) => code switch
    {
        PtxCode.DivideS32 => (int)b == -1 ? (uint)-(int)a : (uint)((int)a / (int)b),
        PtxCode.RemainderS32 => (int)b == -1 ? 0 : (uint)((int)a % (int)b),
        PtxCode.DivideU32 => (uint)a / (uint)b,
        PtxCode.RemainderU32 => (uint)a % (uint)b,
        PtxCode.DivideS64 => (long)b == -1 ? (ulong)-(long)a : (ulong)((long)a / (long)b),
        PtxCode.RemainderS64 => (long)b == -1 ? 0 : (ulong)((long)a % (long)b),
        PtxCode.DivideU64 => a / b,
        PtxCode.RemainderU64 => a % b,
        _ => throw new PtxException($"The interpreter has no rule for {code}."),
    };

    /// <summary>Runs a thread from an instruction on to the next barrier. Where it is then; −1 where it has ended.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int Run(ulong* r, int at, int thread)
    {
        if (at < 0)
        {
            return at;
        }

        for (long left = MostInstructions; left > 0; left--)
        {
            var i = code + at;
            Executed++;
            if (i->When != 0)
            {
                bool taken = (r[i->Guard] != 0) == (i->When == 1);
                if (i->IsUniform)
                {
                    KeepPromise(at, thread, taken);
                }

                if (!taken)
                {
                    at++;
                    continue;
                }
            }

            ulong a = r[i->A];
            if (i->Code >= PtxCode.Move)
            {
                r[i->D] = Result(i->Code, a, r[i->B], r[i->C]);
                at++;
                continue;
            }

            switch (i->Code)
            {
                case PtxCode.Exit:
                    return -1;
                case PtxCode.Barrier:
                    return at + 1;
                case PtxCode.Branch:
                    at = i->D;
                    continue;
                case PtxCode.LoadParam:
                    Load(r, i, parameters + i->Offset);
                    break;
                case PtxCode.LoadGlobal:
                    Load(r, i, Place((long)a + i->Offset, i->Bytes * i->Count, at, isShared: false, writes: false));
                    break;
                case PtxCode.LoadShared:
                    Load(r, i, Place((long)a + i->Offset, i->Bytes * i->Count, at, isShared: true, writes: false));
                    break;
                case PtxCode.StoreGlobal:
                    Store(r, i, Place((long)a + i->Offset, i->Bytes * i->Count, at, isShared: false, writes: true));
                    break;
                case PtxCode.StoreShared:
                    Store(r, i, Place((long)a + i->Offset, i->Bytes * i->Count, at, isShared: true, writes: true));
                    break;
                default:
                    r[i->D] = r[i->B] != 0 ? Quotient(i->Code, a, r[i->B]) : throw Fault(at, "divides an integer by 0, which may give anything");
                    break;
            }

            at++;
        }

        throw Fault(at, $"has not ended after {MostInstructions} instructions");
    }

    private void Load(ulong* r, PtxInstruction* i, byte* from)
    {
        if (i->Count == 1)
        {
            r[i->D] = Element(from, i->Bytes);
            return;
        }

        for (int k = 0; k < i->Count; k++)
        {
            r[program.Lists[i->D + k]] = Element(from + (k * i->Bytes), i->Bytes);
        }
    }

    private void Store(ulong* r, PtxInstruction* i, byte* to)
    {
        for (int k = 0; k < i->Count; k++)
        {
            ulong value = r[i->Count == 1 ? i->D : program.Lists[i->D + k]];
            switch (i->Bytes)
            {
                case 1:
                    to[k] = (byte)value;
                    break;
                case 4:
                    ((uint*)to)[k] = (uint)value;
                    break;
                default:
                    ((ulong*)to)[k] = value;
                    break;
            }
        }
    }

    private static ulong Element(byte* from, int bytes) => bytes switch { 1 => *from, 4 => *(uint*)from, _ => *(ulong*)from };

    private static ulong Bit(bool value) => value ? 1UL : 0;

    private static float F(ulong bits) => BitConverter.UInt32BitsToSingle((uint)bits);

    private static double D(ulong bits) => BitConverter.UInt64BitsToDouble(bits);

    // NaN of 32 bits is one number there, whatever it was made of.
    private static ulong Bits(float value) => float.IsNaN(value) ? 0x7FFF_FFFF : BitConverter.SingleToUInt32Bits(value);

    private static ulong Bits(double value) => BitConverter.DoubleToUInt64Bits(value);

    private static int Whole32(double value) => value >= 2147483648.0 ? int.MaxValue : value <= -2147483649.0 ? int.MinValue : (int)value;

    private static long Whole64(double value) =>
        value >= 9223372036854775808.0 ? long.MaxValue : value < -9223372036854775808.0 ? long.MinValue : (long)value;
}
