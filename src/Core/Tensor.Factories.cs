using Gpu.Autograd.Ops;

namespace Gpu.Autograd;

/// <summary>Tensors from a rule, and like others.</summary>
public sealed partial class Tensor
{
    /// <summary>start, start + step, … before stop: ⌈(stop − start)/step⌉ numbers, none where stop is not ahead.</summary>
    /// <exception cref="ArgumentException">The step is 0, a number is not finite, or there are too many.</exception>
    public static Tensor Arange(double start, double stop, double step = 1, DType dtype = DType.Float32, Device? device = null)
    {
        double count = Math.Ceiling((stop - start) / step);
        if (step == 0 || !double.IsFinite(count))
        {
            throw new ArgumentException($"Arange: {start} to {stop} in steps of {step} is no finite sequence.");
        }

        if (count > Array.MaxLength)
        {
            throw new ArgumentException($"Arange: {start} to {stop} in steps of {step} are {count} numbers, more than fit in a tensor.");
        }

        return Computed((int)Math.Max(count, 0), i => start + (i * step), dtype, device);
    }

    /// <summary>The whole numbers from start in steps to before stop. (Without this, a stop of 0 would be taken for a dtype.)</summary>
    /// <exception cref="ArgumentException">The step is 0.</exception>
    public static Tensor Arange(int start, int stop, int step = 1, DType dtype = DType.Float32, Device? device = null) =>
        Arange((double)start, stop, step, dtype, device);

    /// <summary>So many numbers at equal distances from start to stop, both included; one number is start.</summary>
    /// <exception cref="ArgumentException">The count is negative.</exception>
    public static Tensor Linspace(double start, double stop, int count, DType dtype = DType.Float32, Device? device = null)
    {
        if (count < 0)
        {
            throw new ArgumentException($"Linspace: the count is {count}; it must not be negative.");
        }

        // From both ends, so that both are exact.
        double step = (stop - start) / Math.Max(count - 1, 1);
        return Computed(count, i => i < count - i ? start + (i * step) : stop - ((count - 1 - i) * step), dtype, device);
    }

    /// <summary>All zeros, of another's shape, dtype and device.</summary>
    public static Tensor ZerosLike(Tensor x) => Zeros(x.Shape, x.DType, x.Device);

    /// <summary>All ones, of another's shape, dtype and device.</summary>
    public static Tensor OnesLike(Tensor x) => Ones(x.Shape, x.DType, x.Device);

    /// <summary>One value everywhere, of another's shape, dtype and device.</summary>
    public static Tensor FullLike(Tensor x, double value) => Full(x.Shape, value, x.DType, x.Device);

    /// <summary>One whole number everywhere, of another's shape, dtype and device: an int64 tensor has all its digits.</summary>
    public static Tensor FullLike(Tensor x, long value) => Full(x.Shape, value, x.DType, x.Device);

    /// <summary>
    /// Labels (int32 or int64, any shape) as vectors along a new last axis: 1 at the label, 0 elsewhere; all 0 for a label outside of
    /// 0..classes−1. No gradient.
    /// </summary>
    /// <exception cref="ArgumentException">The labels are no indices, or there are no classes.</exception>
    public Tensor OneHot(int classes, DType dtype = DType.Float32)
    {
        Check.Index(this, this, "OneHot");
        return classes < 1
            ? throw new ArgumentException($"OneHot: {classes} classes for labels {Shape}; at least one is asked for.")
            : Map(default(Equal), Unsqueeze(-1), Arange(classes, DType, Device)).To(dtype);
    }

    private static Tensor Computed(int count, Func<int, double> value, DType dtype, Device? device)
    {
        var host = new double[count];
        for (int i = 0; i < count; i++)
        {
            host[i] = value(i);
        }

        return From<double>(host).To(dtype).To(device ?? Device.Cpu);
    }
}
