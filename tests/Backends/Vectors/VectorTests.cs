using Gpu.Autograd.Checking;
using Gpu.Autograd.Ops;

namespace Gpu.Autograd.Tests.Vectors;

/// <summary>The library against values and derivatives that another one computed.</summary>
public class VectorTests
{
    public static TheoryData<string, string> Cases
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (string device in TestDevices.Names)
            {
                foreach (string name in VectorCase.All.Keys)
                {
                    data.Add(name, device);
                }
            }

            return data;
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Cases))]
    public void Value_and_derivatives(string name, string deviceName)
    {
        var c = VectorCase.All[name];
        Assert.True(c.Problem is null, c.Problem);
        var f = VectorOps.Call(c);
        Skip.If(f is null && !c.IsOwn, $"{c.Op} is not known to the tests: the file is not the project's own.");
        Skip.If(f is null && VectorOps.NotYet.Contains(c.Op), $"{c.Op} is not an op of the library yet.");
        Assert.True(f is not null, $"{c.Op} has neither a call in VectorOps nor a place in its list of what is not there yet.");
        var device = TestDevices.Require(deviceName);
        Check(c, f!, DType.Float32, device, 1e-5);

        // Kernels of both precisions are held against the oracle by OpTableTests, and against each other's device by tests/Ilgpu.
        if (!TestDevices.IsEmulated(deviceName))
        {
            Check(c, f!, DType.Float64, device, 1e-12);
        }
    }

    /// <summary>
    /// The list of ops that are not there yet names all of those, and nothing that is there; but an elementwise op's row is enough for its
    /// cases to run, so that adding one needs no edit here.
    /// </summary>
    [Fact]
    public void What_is_not_there_yet_is_not_there()
    {
        string[] names = [.. VectorCase.All.Values.Where(c => c.IsOwn && VectorOps.Call(c) is null).Select(c => c.Op).Distinct().Order()];
        var elementwise = OpTable.Rows.OfType<ElementwiseRow>().Select(row => row.Name).ToHashSet();
        Assert.Equal(names, VectorOps.NotYet.Except(elementwise).Order());
        Assert.Empty(VectorOps.NotYet.Intersect(OpTable.Rows.Select(row => row.Name)).Except(elementwise));
    }

    /// <summary>Of files that users bring, what cannot be read is said, by name and place, and hides no other case.</summary>
    [Fact]
    public void What_cannot_be_read_fails_by_itself()
    {
        string good = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Vectors", "pytorch-more.json"));
        string folder = Directory.CreateTempSubdirectory("vectors").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "a.json"), good);
            File.WriteAllText(Path.Combine(folder, "b.json"), good[..(good.Length / 2)]);
            File.WriteAllText(Path.Combine(folder, "c.json"), """{ "source": "mine", "cases": [{ "op": "exp" }] }""");
            var cases = new SortedDictionary<string, VectorCase>();
            VectorCase.LoadFolder(cases, folder, isOwn: false);
            VectorCase.LoadFolder(cases, Path.Combine(folder, "none"), isOwn: false);
            Assert.True(cases.Count(c => c.Value.Problem is null) > 100);
            Assert.Contains("b.json is not of the form", cases["GPU_AUTOGRAD_VECTORS/b"].Problem);
            Assert.Contains("Case 0 of " + Path.Combine(folder, "c.json"), cases["GPU_AUTOGRAD_VECTORS/c 000"].Problem);
            Assert.Contains("is no folder", cases["GPU_AUTOGRAD_VECTORS/"].Problem);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Check(VectorCase c, Func<Tensor[], Tensor> f, DType dtype, Device device, double tolerance)
    {
        Tensor[] x = [.. c.Inputs.Select(input => input.On(device, dtype))];
        Tensor[] t = [.. c.Tangents.Select(tangent => tangent.On(device, dtype))];
        var cotangent = c.Cotangent.On(device, dtype);
        string what = $"{c.Op} in {dtype.Name()} on {device}";
        Close.Assert(c.Output.Data, Close.Values(f(x)), tolerance, what);
        Assert.Equal(c.Output.Shape, f(x).Shape.ToArray());

        // All operands move along their tangents together: x + s·t, at s = 0.
        var zero = Tensor.Scalar(0, dtype, device);
        var one = Tensor.Scalar(1, dtype, device);
        Tensor[] At(Tensor s)
        {
            var moved = (Tensor[])x.Clone();
            for (int i = 0; i < t.Length; i++)
            {
                moved[c.Differentiated[i]] = x[c.Differentiated[i]] + (s * t[i]);
            }

            return moved;
        }

        Close.Assert(c.Jvp.Data, Close.Values(Autodiff.Jvp(s => f(At(s)), zero, one).Tangent), tolerance, $"{what}: jvp");
        for (int i = 0; i < c.Grads.Length; i++)
        {
            int k = c.Differentiated[i];
            Tensor Gradient(Tensor s)
            {
                var moved = At(s);
                return Autodiff.Vjp(OpSamples.Along(f, moved, k), moved[k]).Pullback(cotangent);
            }

            Close.Assert(c.Grads[i].Data, Close.Values(Gradient(zero)), tolerance, $"{what}: vjp {k}");
            Close.Assert(c.Hvp[i].Data, Close.Values(Autodiff.Jvp(Gradient, zero, one).Tangent), tolerance, $"{what}: hvp {k}");
        }
    }
}
