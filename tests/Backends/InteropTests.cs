using System.Buffers;
using System.Numerics.Tensors;
using Gpu.Autograd.Interop;
using NumericsTensor = System.Numerics.Tensors.Tensor;

namespace Gpu.Autograd.Tests;

/// <summary>The elements on the host, and the tensors of System.Numerics.Tensors.</summary>
public class InteropTests
{
    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void ThereAndBack(string deviceName)
    {
        var device = TestDevices.Require(deviceName);
        Tensor<float> source = NumericsTensor.Create<float>([1, 2, 3, 4, 5, 6], [2, 3]);

        var t = source.ToAutograd(device);
        Tensor<float> back = (t.Transpose() * 2).ToNumerics<float>();

        Assert.Equal([2, 3], t.Shape);
        Assert.Equal(device, t.Device);
        Assert.Equal([3, 2], back.Lengths.ToArray());
        Assert.Equal([2, 8, 4, 10, 6, 12], back.ToArray());
    }

    /// <summary>A view with gaps is taken by its strides.</summary>
    [Fact]
    public void AViewWithGaps()
    {
        Tensor<long> source = NumericsTensor.Create<long>([1, 2, 3, 4, 5, 6], [2, 3]);

        var t = source.AsReadOnlyTensorSpan().Slice([NRange.All, new NRange(1, NIndex.End)]).ToAutograd();

        Assert.Equal([2, 2], t.Shape);
        Assert.Equal([2, 3, 5, 6], t.ToArray<long>());
    }

    [Fact]
    public void OtherLibrariesComputeOnTheElementsInPlace()
    {
        var t = Tensor.From([1f, 2f, 3f, 4f], [2, 2]);

        Assert.Equal(10, t.Read<float, float>(TensorPrimitives.Sum));
        Assert.Equal(4, t.ReadTensor<float, float>(span => NumericsTensor.Max(span)));
        Assert.Equal([2, 4], t.Transpose()[1..].Read<float, float[]>(span => span.ToArray()));
    }

    /// <summary>No array is made of a dense tensor on the CPU.</summary>
    [Fact]
    public void ReadingDoesNotCopy()
    {
        var t = Tensor.Ones([1 << 20]);
        t.Read<float, float>(TensorPrimitives.Sum);
        long before = GC.GetAllocatedBytesForCurrentThread();

        t.Read<float, float>(TensorPrimitives.Sum);

        // A copy would take 4 MB; a collection meanwhile counts the rest of what the runtime has set aside for the thread, 8 KB, as taken.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 10);
    }

    [Fact]
    public void CopyToChecksTheTarget()
    {
        var t = Tensor.From([1f, 2f, 3f]);
        var target = new float[3];

        t.CopyTo<float>(target);

        Assert.Equal([1, 2, 3], target);
        Assert.Equal(
            "CopyTo: [3] has 3 elements, the target has room for 2.",
            Assert.Throws<ArgumentException>(() => t.CopyTo<float>(new float[2])).Message);
        Assert.Equal(
            "Read: the elements are float32, not int32; convert with To(DType) first.",
            Assert.Throws<InvalidOperationException>(() => t.Read<int, int>(span => span.Length)).Message);
    }

    /// <summary>It keeps its element; tensors there have no rank 0.</summary>
    [Fact]
    public void A_scalar_is_one_element()
    {
        var x = Tensor.Scalar(2);
        Assert.Equal([2f], x.ToNumerics<float>().ToAutograd().ToArray<float>());
        Assert.Equal(2, x.ReadTensor<float, float>(span => span[0]));
    }

    [Fact]
    public void ArraysOfAnyRankBecomeTensors()
    {
        var three = Tensor.From(new float[,,] { { { 1, 2 }, { 3, 4 }, { 5, 6 } } });
        Assert.Equal(new Shape(1, 3, 2), three.Shape);
        Assert.Equal([1f, 2, 3, 4, 5, 6], three.ToArray<float>());
        Assert.Equal([7L], Tensor.From(new long[,,,,,,,] { { { { { { { { 7 } } } } } } } }).ToArray<long>());
        Assert.Equal([true, false], Tensor.From(new bool[,,] { { { true }, { false } } }).ToArray<bool>());
        Assert.Equal(new Shape(2, 0, 3), Tensor.From(new double[2, 0, 3]).Shape);
        Assert.Equal(new Shape(2, 2), Tensor.From((Array)new[,] { { 1, 2 }, { 3, 4 } }).Shape);
        Assert.Equal(new Shape(2), Tensor.From(new[] { 1.0, 2 }).Shape);
        Assert.Equal(
            "From: the elements of the array are Decimal, not float, double, int, long or bool.",
            Assert.Throws<ArgumentException>(() => Tensor.From(new decimal[1, 1, 1])).Message);
        Assert.Contains("an array of arrays has no shape", Assert.Throws<ArgumentException>(() => Tensor.From(new[] { new[] { 1f } })).Message);
    }
}
