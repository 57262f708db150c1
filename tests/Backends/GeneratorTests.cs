namespace Gpu.Autograd.Tests;

/// <summary>Random choices: the same for a seed on every device, and distributed as they say.</summary>
public class GeneratorTests
{
    [SkippableTheory]
    [MemberData(nameof(TestDevices.All), MemberType = typeof(TestDevices))]
    public void The_same_on_every_device(string name)
    {
        var device = TestDevices.Require(name);
        Assert.Equal(
            new Generator(3).Bernoulli([1000], 0.3).ToArray<float>(), new Generator(3).Bernoulli([1000], 0.3, device: device).ToArray<float>());
        Assert.Equal(
            new Generator(3).Integers([1000], -5, 7).ToArray<long>(), new Generator(3).Integers([1000], -5, 7, device: device).ToArray<long>());
    }

    [Fact]
    public void They_have_their_frequencies()
    {
        var generator = new Generator(5);
        Assert.InRange(generator.Bernoulli([40_000], 0.3).Mean().Item(), 0.29, 0.31);
        Assert.Equal([0f, 1f], generator.Bernoulli(Tensor.From([0f, 1f])).ToArray<float>());
        var (values, _, counts) = generator.Integers([40_000], -2, 2).Unique();
        Assert.Equal([-2L, -1, 0, 1], values.ToArray<long>());
        Assert.All(counts.ToArray<long>(), count => Assert.InRange(count, 9_600, 10_400));
        int[] weighted = generator.Choice(3, 40_000, replace: true, [1, 0, 3]);
        Assert.InRange(weighted.Count(k => k == 2), 29_600, 30_400);
        Assert.DoesNotContain(1, weighted);
    }

    [Fact]
    public void Without_replacement_each_is_chosen_once()
    {
        var generator = new Generator(6);
        Assert.Equal(10, generator.Choice(20, 10).Distinct().Count());
        Assert.Equal([0, 1, 2, 3], generator.Choice(4, 4).Order());
        Assert.Equal([1, 3], generator.Choice(4, 2, weights: [0, 1e-9, 0, 1]).Order());
    }

    [Fact]
    public void What_cannot_be_drawn_is_said()
    {
        var generator = new Generator(7);
        Says("Choice: 5 of 4 numbers cannot be chosen without replacement.", () => generator.Choice(4, 5));
        Says("Choice: 2 weights do not allow for 2 of 2 numbers", () => generator.Choice(2, 2, weights: [1, 0]));
        Says("Integers: there is no whole number from 3 to before 3.", () => generator.Integers([1], 3, 3));
        Says("Bernoulli: the probability is 1.5; it must be between 0 and 1.", () => generator.Bernoulli([1], 1.5));

        Says("Bernoulli: a probability of [2] is 1.5; it must be between 0 and 1.", () => generator.Bernoulli(Tensor.From([0.5f, 1.5f])));
        Says("Bernoulli: a probability of [1] is NaN;", () => generator.Bernoulli(Tensor.From([double.NaN])));
        Says("Bernoulli: the elements of [1] are int32,", () => generator.Bernoulli(Tensor.From([1])));

        static void Says(string message, Func<object> body) => Assert.StartsWith(message, Assert.Throws<ArgumentException>(body).Message);
    }
}
