// Types that look up, for the test of the test; nothing runs them.
namespace Gpu.Autograd.Numerics
{
    internal static class PlantedSignature
    {
        public static Tensor[]? None() => null;
    }

    internal static class PlantedField
    {
        public static readonly List<Storage> Field = [];
    }

    internal static class PlantedLambda
    {
        public static Func<object> Make() => () => Tensor.Zero;
    }

    internal static class PlantedConstraint
    {
        public static void Of<T>()
            where T : Backend
        {
        }
    }

    internal static class PlantedGenericArgument
    {
        public static object Make() => Array.Empty<Dictionary<string, Nn.Module>>();
    }

    internal static class PlantedIterator
    {
        public static IEnumerable<string> Make()
        {
            yield return Device.Cpu.Name;
        }
    }
}

namespace Gpu.Autograd.Optim
{
    internal readonly struct PlantedOp : IMap1
    {
        public T Value<T>(T x)
            where T : IReal<T> => x is Tensor ? T.Zero : x;
    }
}

namespace Gpu.Autograd.Backends
{
    internal static class PlantedBackend
    {
        public static bool IsTensor(object x) => x is Tensor;
    }
}

namespace Gpu.Autograd.Autograd
{
    internal static class PlantedTape
    {
        public static Type Find() => typeof(Optim.Optimizer);
    }
}
