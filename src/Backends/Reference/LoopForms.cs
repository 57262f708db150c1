namespace Gpu.Autograd.Backends;

/// <summary>
/// One loop body in the forms that it is compiled to: 128, 256 and 512 bits of float32 and float64, and one integer at a time. A form is
/// compiled when it is first called, and only one width ever is outside of tests. The loops around the bodies exist once, and know nothing
/// of ops and widths.
/// </summary>
internal readonly unsafe struct LoopForms(nint f128, nint d128, nint f256, nint d256, nint f512, nint d512, nint i32, nint i64, nint b8 = 0)
{
    private readonly nint f128 = f128;
    private readonly nint d128 = d128;
    private readonly nint f256 = f256;
    private readonly nint d256 = d256;
    private readonly nint f512 = f512;
    private readonly nint d512 = d512;
    private readonly nint i32 = i32;
    private readonly nint i64 = i64;
    private readonly nint b8 = b8;

    /// <summary>The body for a register width in bits and a dtype, as a function pointer.</summary>
    public void* this[int bits, DType dtype] => (void*)((bits, dtype) switch
    {
        (_, DType.Int32) => i32,
        (_, DType.Int64) => i64,
        (_, DType.Bool) => b8,
        (512, DType.Float32) => f512,
        (512, _) => d512,
        (256, DType.Float32) => f256,
        (256, _) => d256,
        (_, DType.Float32) => f128,
        _ => d128,
    });
}
