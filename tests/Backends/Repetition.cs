namespace Gpu.Autograd.Tests;

/// <summary>What is done several times, as captured steps want it.</summary>
internal static class Repetition
{
    internal static void Repeat(int times, Func<Tensor> run)
    {
        for (int i = 0; i < times; i++)
        {
            run();
        }
    }
}
