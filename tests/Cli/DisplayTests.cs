using System.Text.RegularExpressions;
using Gpu.Autograd.Cli.Display;
using Gpu.Autograd.Cli.Training;
using Spectre.Console;

namespace Gpu.Autograd.Cli.Tests;

public sealed class DisplayTests : IDisposable
{
    private const string Escape = @"\e\[[?\d;]*[A-Za-z]";
    private readonly Workplace work = new();

    [Theory]
    [InlineData(ColorSystemSupport.NoColors)]
    [InlineData(ColorSystemSupport.TrueColor)]
    public void A_screen_shows_epoch_step_loss_accuracy_speed_and_time_left(ColorSystemSupport colours)
    {
        var (screen, output) = Screens.New(colours);
        string[] args = ["train", "--data", work.WriteSamples(), "--device", "cpu", "--epochs", "10", "--out", work["m"]];

        int code = App.Run(args, new Terminal(output, TextWriter.Null, screen));

        Assert.Equal(0, code);
        string text = output.ToString();
        Assert.Equal(colours != ColorSystemSupport.NoColors, Regex.IsMatch(text, @"\e\[[\d;]*m"));
        string plain = Regex.Replace(text, Escape, "");
        Assert.Matches(@"epoch 1/10  [━─]{50}   \d %  step 1/40", plain);
        Assert.Matches(@"loss \d\S+  accuracy –  [\d,]+ samples/s  \S+ s left", plain);
        Assert.Matches(@"epoch 10/10  ━{50} 100 %  step 40/40", plain);
        Assert.Matches(@"loss \d\S+  accuracy 100.00 %  [\d,]+ samples/s  done", plain);

        // The cursor is hidden while lines are redrawn, and comes back.
        Assert.True(text.LastIndexOf("\e[?25h", StringComparison.Ordinal) > text.LastIndexOf("\e[?25l", StringComparison.Ordinal));
    }

    [Fact]
    public void Who_watches_changes_nothing()
    {
        var (screen, output) = Screens.New(ColorSystemSupport.TrueColor);
        string plain = work.Train("plain");
        string[] args = ["train", "--data", work["samples.csv"], "--device", "cpu", "--epochs", "10", "--batch", "16", "--out", work["live"]];

        Assert.Equal(0, App.Run(args, new Terminal(output, TextWriter.Null, screen)));

        Assert.Equal(File.ReadAllBytes(plain), File.ReadAllBytes(work["live"]));
    }

    [Fact]
    public void A_screen_without_unicode_gets_signs_that_it_can_show()
    {
        var (screen, output) = Screens.New(ColorSystemSupport.NoColors, unicode: false);

        new ScreenDisplay(screen).Follow(report =>
        {
            report(new TrainingReport(1, 2, 5, 10, 0.5, null, 1000, TimeSpan.FromSeconds(3), EpochDone: true));
            report(new TrainingReport(2, 2, 10, 10, 0.5, 0.9, 1000, TimeSpan.Zero, EpochDone: true));
            return 0;
        });

        Assert.Contains($"epoch 2/2  {new string('#', 50)} 100 %", output.ToString());
    }

    [Fact]
    public void A_screen_is_not_redrawn_more_often_than_can_be_seen()
    {
        var (screen, output) = Screens.New(ColorSystemSupport.NoColors);

        new ScreenDisplay(screen).Follow(report =>
        {
            for (int step = 1; step <= 10_000; step++)
            {
                report(new TrainingReport(step, 10_000, step, 10_000, 0.5, 0.9, 1000, TimeSpan.FromSeconds(3), EpochDone: true));
            }

            return 0;
        });

        // Unthrottled it would be 10,000.
        Assert.InRange(Regex.Count(output.ToString(), "samples/s"), 2, 1000);
    }

    [Theory]
    [InlineData(0.44, "0.4 s")]
    [InlineData(9.94, "9.9 s")]
    [InlineData(9.96, "10 s")]
    [InlineData(59.4, "59 s")]
    [InlineData(59.6, "1:00 min")]
    [InlineData(200, "3:20 min")]
    [InlineData(3599.6, "1:00:00 h")]
    [InlineData(3723, "1:02:03 h")]
    public void Times(double seconds, string expected) => Assert.Equal(expected, Format.Time(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData(0, "0.0000")]
    [InlineData(0.00001234, "1.23e-5")]
    [InlineData(0.01234, "0.0123")]
    [InlineData(2.34567, "2.346")]
    [InlineData(123456, "1.23e+5")]
    public void Losses(double value, string expected) => Assert.Equal(expected, Format.Loss(value));

    [Theory]
    [InlineData(null, "–")]
    [InlineData(512L, "512 B")]
    [InlineData(16L << 30, "16.0 GiB")]
    public void Sizes(long? bytes, string expected) => Assert.Equal(expected, Format.Bytes(bytes));

    public void Dispose() => work.Dispose();
}
