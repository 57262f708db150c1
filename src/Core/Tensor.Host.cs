using System.Numerics;
using System.Runtime.InteropServices;
using Gpu.Autograd.Autograd;
using Gpu.Autograd.Capturing;

namespace Gpu.Autograd;

/// <summary>The elements on the host.</summary>
public sealed partial class Tensor
{
    /// <summary>The elements in row-major order, copied to the host when all work on them is done.</summary>
    /// <exception cref="InvalidOperationException">T is not this tensor's element type.</exception>
    public T[] ToArray<T>()
        where T : unmanaged
    {
        RequireElements<T>("ToArray");
        var result = new T[Count];
        CopyTo<T>(result);
        return result;
    }

    /// <summary>The elements of any dtype as doubles. They are converted on the host: not every device has float64.</summary>
    internal double[] ToDoubles() => DType switch
    {
        DType.Float32 => Array.ConvertAll(ToArray<float>(), static x => (double)x),
        DType.Float64 => ToArray<double>(),
        DType.Int32 => Array.ConvertAll(ToArray<int>(), static x => (double)x),
        DType.Int64 => Array.ConvertAll(ToArray<long>(), static x => (double)x),
        _ => Array.ConvertAll(ToArray<bool>(), static x => x ? 1.0 : 0),
    };

    /// <summary>Copies the elements in row-major order to the host's memory, when all work on them is done.</summary>
    /// <exception cref="InvalidOperationException">T is not this tensor's element type.</exception>
    /// <exception cref="ArgumentException">The target has another length.</exception>
    public void CopyTo<T>(Span<T> target)
        where T : unmanaged
    {
        RequireElements<T>("CopyTo");
        if (target.Length != Count)
        {
            throw new ArgumentException($"CopyTo: {Shape} has {Count} elements, the target has room for {target.Length}.");
        }

        Recorder.Refuse($"the host reads a tensor, {DType.Name()} {Shape},", "return it from the body, and read it after Run");
        if (Count > 0)
        {
            var dense = HostRead.Dense();
            dense.Device.Backend.Download(dense.Storage, (long)dense.layout.Offset * DType.Size(), MemoryMarshal.AsBytes(target));
            GC.KeepAlive(dense);
        }
    }

    /// <summary>
    /// Runs a function over the elements in row-major order, when all work on them is done: in place, without a copy, on the CPU where they
    /// lie without gaps. The function must not write elsewhere to this tensor, nor keep the span.
    /// </summary>
    /// <exception cref="InvalidOperationException">T is not this tensor's element type.</exception>
    public TResult Read<T, TResult>(Func<ReadOnlySpan<T>, TResult> read)
        where T : unmanaged
    {
        RequireElements<T>("Read");
        Recorder.Refuse($"the host reads a tensor, {DType.Name()} {Shape},", "return it from the body, and read it after Run");
        var source = HostRead;
        long offset = (long)source.layout.Offset * DType.Size();
        long bytes = (long)Count * DType.Size();
        var memory = source.layout.IsDense ? source.Device.Backend.InPlace(source.Storage) : default;
        if (memory.Length < offset + bytes)
        {
            return read(source.ToArray<T>());
        }

        var result = read(MemoryMarshal.Cast<byte, T>(memory.Slice((int)offset, (int)bytes)));
        GC.KeepAlive(source);
        return result;
    }

    /// <summary>
    /// The first element that a test holds for, where the elements lie in the host's memory and can be looked at without waiting for a device;
    /// else null. Under Vmap any element of the batch is one.
    /// </summary>
    internal double? FirstOnHost(Func<double, bool> test)
    {
        var t = Scope.Resolved(this, detached: true).Innermost;
        if (t.IsWeak)
        {
            return test(t.WeakValue) ? t.WeakValue : null;
        }

        // What is looked at once would not be looked at again when a captured step is replayed.
        if (t.Count == 0 || Recorder.Current is not null || t.Device.Backend.InPlace(t.Storage).IsEmpty)
        {
            return null;
        }

        return DType switch
        {
            DType.Float32 => First<float>(t, test),
            DType.Float64 => First<double>(t, test),
            DType.Int32 => First<int>(t, test),
            DType.Int64 => First<long>(t, test),
            _ => null,
        };

        static double? First<T>(Tensor t, Func<double, bool> test)
            where T : unmanaged, INumber<T> => t.Read<T, double?>(elements =>
            {
                foreach (var element in elements)
                {
                    double value = double.CreateTruncating(element);
                    if (test(value))
                    {
                        return value;
                    }
                }

                return null;
            });
    }

    private void RequireElements<T>(string op)
        where T : unmanaged
    {
        if (DTypes.Of<T>() != DType)
        {
            throw new InvalidOperationException(
                $"{op}: the elements are {DType.Name()}, not {DTypes.Of<T>().Name()}; convert with To(DType) first.");
        }
    }
}
