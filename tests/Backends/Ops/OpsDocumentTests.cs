namespace Gpu.Autograd.Tests.Ops;

/// <summary><c>docs/ops.md</c> says what the op table says.</summary>
public class OpsDocumentTests
{
    [Fact]
    public void The_document_is_up_to_date()
    {
        string text = OpsDocument.Text();
        string path = Repository.At("docs", "ops.md");
        if (Environment.GetEnvironmentVariable("GPU_AUTOGRAD_WRITE_DOCS") is { Length: > 0 })
        {
            File.WriteAllText(path, text);
        }

        Assert.True(File.ReadAllText(path).ReplaceLineEndings("\n") == text, "docs/ops.md is stale; its first lines say how to renew it.");
    }

    /// <summary>Each op of the table stands in it, and each has a comment.</summary>
    [Fact]
    public void Every_op_stands_in_it_with_a_comment()
    {
        string[] lines = OpsDocument.Text().Split('\n');
        Assert.DoesNotContain(lines, line => line.Contains("|  |", StringComparison.Ordinal));
    }

    /// <summary>What is no op of the table stands in it too: sources, random numbers, casts.</summary>
    [Theory]
    [InlineData("`Tensor.Linspace(")]
    [InlineData("`x.Unique()`")]
    [InlineData("`x.To(dtype)`")]
    [InlineData("`generator.Bernoulli(probabilities)`")]
    [InlineData("`generator.Permutation(count)`")]
    public void What_has_no_row_stands_in_it(string call) =>
        Assert.Contains(OpsDocument.Text().Split("## Others")[1].Split('\n'), line => line.Contains(call, StringComparison.Ordinal));
}
