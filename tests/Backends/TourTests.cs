using System.Text.RegularExpressions;
using Gpu.Autograd.Tour;

namespace Gpu.Autograd.Tests;

/// <summary>Every case of matrix calculus, on every device, by both modes, in both precisions.</summary>
public sealed class TourTests
{
    /// <summary>The cases that there must be.</summary>
    private static readonly string[] Ids =
    [
        "000-1", "000-2", "000-R1", "000-R2", "000-R3", "000-R4", "000-R5",
        "001-1", "001-2", "001-3", "001-4", "001-5", "001-6", "001-7", "001-8", "001-9", "001-10", "001-11", "001-12",
        "001-13a", "001-13b", "001-13c", "001-13d", "001-13e", "001-13f", "001-13g", "001-13h",
        "001-14", "001-15", "001-16", "001-17", "001-18", "001-19",
        "002-1", "002-2", "002-3", "002-4", "002-5",
        "003-1", "003-2", "003-3", "003-4", "003-5", "003-6",
        "004-1", "004-2", "004-3", "004-4", "004-5", "004-6", "004-7",
        "004-P1", "004-P2", "004-P3", "004-P4", "004-P5", "004-P6", "004-P7", "004-P8", "004-P9",
        "004-P10", "004-P11", "004-P12", "004-P13", "004-P14", "004-P15",
    ];

    public static TheoryData<string, string, Mode> Every
    {
        get
        {
            var rows = new TheoryData<string, string, Mode>();
            foreach (string id in Ids)
            {
                foreach (string device in TestDevices.Names)
                {
                    rows.Add(id, device, Mode.Forward);
                    rows.Add(id, device, Mode.Reverse);
                }
            }

            return rows;
        }
    }

    public static TheoryData<string> AllIds => [.. Ids];

    [Fact]
    public void Every_case_is_there_once_and_in_a_chapter()
    {
        Assert.Equal(Ids.Order(), Cases.All.Select(found => found.Id).Order());
        Assert.All(Cases.All, found => Assert.Contains(found.Chapter, Chapter.All));
        Assert.All(Chapter.All, chapter => Assert.Contains(Cases.All, found => found.Chapter == chapter));
    }

    [SkippableTheory]
    [MemberData(nameof(Every))]
    public void Holds(string id, string deviceName, Mode mode)
    {
        var device = TestDevices.Require(deviceName);

        // One precision will do where it takes long, and the first sizes.
        bool isSlow = TestDevices.IsEmulated(deviceName);
        foreach (var dtype in isSlow ? [DType.Float64] : new[] { DType.Float64, DType.Float32 })
        {
            var sheet = Cases.Find(id).Run(device, dtype, mode, largest: isSlow ? 3 : int.MaxValue);
            Assert.All(sheet.Quantities, quantity => Assert.True(
                quantity.Holds,
                $"{id}, {dtype.Name()}: {quantity.Name} is {quantity.Computed}, expected {quantity.Expected} " +
                $"(error {quantity.Error:E2}, allowed {quantity.Tolerance:E2})."));
            Assert.NotEmpty(sheet.Quantities);
        }
    }

    [Theory]
    [MemberData(nameof(AllIds))]
    public void Both_modes_give_the_same(string id)
    {
        var outcome = Cases.Find(id).Run(Device.Cpu);

        Assert.All(outcome.Results, result => Assert.InRange(result.Forward.Computed.ErrorTo(result.Reverse.Computed), 0, 1e-10));
    }

    [Fact]
    public void Differences_are_taken_in_float64_on_the_CPU()
    {
        foreach (string id in new[] { "001-4", "001-19", "003-3" })
        {
            Assert.Contains(Cases.Find(id).Run(Device.Cpu, DType.Float64, Mode.Reverse).Quantities, IsDifference);
            Assert.DoesNotContain(Cases.Find(id).Run(Device.Cpu, DType.Float32, Mode.Reverse).Quantities, IsDifference);
        }

        static bool IsDifference(Quantity quantity) => quantity.Name.Contains("by differences", StringComparison.Ordinal);
    }

    [Fact]
    public void The_lines_that_are_shown_are_the_source()
    {
        var outcome = Cases.Find("000-1").Run(Device.Cpu);

        Assert.Equal(("f", "v => v[0].Square() + (3 * v[0] * v[1])"), Assert.Single(outcome.Reverse.Definitions));
        var result = Assert.Single(outcome.Results);
        Assert.Equal(("Autodiff.Grad(f)(x)", "Autodiff.JacobianForward(f, x)"), (result.Reverse.Code, result.Forward.Code));
    }

    [Theory]
    [MemberData(nameof(AllIds))]
    public void What_is_defined_is_used_in_the_lines(string id)
    {
        var outcome = Cases.Find(id).Run(Device.Cpu);
        Sheet[] sheets = [outcome.Reverse, outcome.Forward];
        var definitions = sheets.SelectMany(sheet => sheet.Definitions).ToList();
        string[] lines =
            [.. sheets.SelectMany(sheet => sheet.Quantities.Select(quantity => quantity.Code)), .. definitions.Select(found => found.Code)];
        var names = outcome.Reverse.Inputs.Select(input => input.Name.Split('[')[0]).Concat(definitions.Select(found => found.Name));

        Assert.All(names, name => Assert.Contains(lines, line => Regex.IsMatch(line, $@"\b{name}\b")));
    }

    /// <summary>Whoever copies the lines finds in them no name that was not introduced, but for types and methods.</summary>
    [Theory]
    [MemberData(nameof(AllIds))]
    public void What_the_lines_name_is_shown(string id)
    {
        var outcome = Cases.Find(id).Run(Device.Cpu);
        foreach (var sheet in new[] { outcome.Reverse, outcome.Forward })
        {
            HashSet<string> known =
            [
                "true", "false", "var", "return",
                .. sheet.Inputs.Select(input => input.Name.Split('[')[0]),
                .. sheet.Definitions.Select(found => found.Name),
            ];
            foreach (string line in sheet.Quantities.Select(quantity => quantity.Code).Concat(sheet.Definitions.Select(found => found.Code)))
            {
                string code = Regex.Replace(line, "\"[^\"]*\"", "");
                var own = Regex.Matches(code, @"(\w+) =>|\(([\w, ]+)\) =>|var (\w+) =|var \(([\w, ]+)\) =")
                    .SelectMany(match => match.Groups.Values.Skip(1).SelectMany(group => group.Value.Split(", ")));
                var names = Regex.Matches(code, @"(?<![\w.]|\.{2}\d*)(?:[a-z]\w*|[A-Z])\b(?!: )").Select(match => match.Value);
                Assert.Empty(names.Except(known).Except(own).Select(name => $"{name} in {line}"));
            }
        }
    }

    [Fact]
    public void A_name_stands_for_one_input()
    {
        var sheet = Cases.Find("001-13b").Run(Device.Cpu, DType.Float64, Mode.Reverse);

        double[] x = Assert.Single(sheet.Inputs).Value.Numbers;
        Assert.All(sheet.Quantities, quantity => Close.Assert([2 * x[0], 2 * x[2], 2 * x[1], 2 * x[3]], quantity.Computed.Numbers, 1e-15, "2Xᵀ"));
    }

    [Fact]
    public void Every_misprint_says_what_is_true()
    {
        Assert.Equal(
            ["001-12", "001-15", "001-17", "001-2", "001-6", "001-7", "001-8", "003-4"],
            Cases.All.Where(found => found.Printed is not null).Select(found => found.Id).Order(StringComparer.Ordinal));
        Assert.All(Cases.All, found => Assert.Equal(found.Printed is null, found.True is null));
    }

    [Fact]
    public void Two_ends_of_the_training_are_shown()
    {
        double[] ends = [.. Cases.Find("001-17").Run(Device.Cpu).Reverse.Quantities.SelectMany(quantity => quantity.Computed.Numbers)];

        Assert.Contains(ends, end => Math.Abs(end - 0.995164913282539) < 1e-14);
        Assert.Contains(ends, end => Math.Abs(end - 0.9281528320638617) < 1e-14);
    }

    [Fact]
    public void What_is_wrong_does_not_hold()
    {
        double[] right = [1, 2, 3];
        Assert.True(Planted(right));
        Assert.True(Planted([1, 2, 3 + 2e-12]));
        Assert.False(Planted([1, 2, 3 + 4e-12]));
        Assert.False(Planted([1, 2]));
        Assert.False(Planted([1, 2, double.NaN]));
        Assert.False(Planted([1, 2, double.PositiveInfinity]));
        Assert.False(new Case("none", Chapter.Gradient, "", "", _ => { }).Run(Device.Cpu).Holds);

        bool Planted(double[] computed) => new Case(
            "planted",
            Chapter.Gradient,
            "",
            "",
            t => t.Check("∇f", () => Tensor.From(computed), () => Tensor.From(right), Tensor.From(right))).Run(Device.Cpu).Holds;
    }
}
