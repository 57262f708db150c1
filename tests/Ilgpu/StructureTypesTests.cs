using Gpu.Autograd.Kernels;

namespace Gpu.Autograd.Backends.Ilgpu.Tests;

/// <summary>Kernels whose fields are the same when they are written out, but not how they are put together.</summary>
public sealed class StructureTypesTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_compiled_does_not_depend_on_what_was_compiled_before(bool openCl)
    {
        // Memory and four numbers, of which none, one or two go with the memory.
        (string Name, Func<CompilingBackend, string> Source)[] kernels =
        [
            ("one and three", device => device.Source(new Kernel<WithOne, Three>())),
            ("none and four", device => device.Source(new Kernel<WithNone, Four>())),
            ("two and two", device => device.Source(new Kernel<WithTwo, Two>())),
        ];
        foreach (var (name, compile) in kernels)
        {
            using var alone = openCl ? CompilingBackend.OpenCl() : CompilingBackend.Ptx();
            string expected = NeutralNames.In(compile(alone));
            foreach (var (otherName, other) in kernels.Where(kernel => kernel.Name != name))
            {
                using var after = openCl ? CompilingBackend.OpenCl() : CompilingBackend.Ptx();
                other(after);
                string actual = NeutralNames.In(compile(after));
                Assert.True(expected == actual, $"{name} after {otherName}:\n{actual}\nand alone:\n{expected}");
            }
        }
    }

    public interface IPart
    {
        int At(int i);
    }

    public interface IBody
    {
        void Store(int i, int value);
    }

    public readonly struct Kernel<B, P>(B body, P part) : IKernel
        where B : struct, IBody
        where P : struct, IPart
    {
        public void Run(int i) => body.Store(i, part.At(i));
    }

    public readonly struct WithNone(DeviceMemory memory) : IBody
    {
        public void Store(int i, int value) => memory.Store(i, value);
    }

    public readonly struct WithOne(DeviceMemory memory, int a) : IBody
    {
        public void Store(int i, int value) => memory.Store(i + a, value);
    }

    public readonly struct WithTwo(DeviceMemory memory, int a, int b) : IBody
    {
        public void Store(int i, int value) => memory.Store(i + (a * b), value);
    }

    public readonly struct Two(int a, int b) : IPart
    {
        public int At(int i) => (i * a) + b;
    }

    public readonly struct Three(int a, int b, int c) : IPart
    {
        public int At(int i) => (((i * a) + b) * i) + c;
    }

    public readonly struct Four(int a, int b, int c, int d) : IPart
    {
        public int At(int i) => (((((i * a) + b) * i) + c) * i) + d;
    }
}
