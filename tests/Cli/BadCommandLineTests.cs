namespace Gpu.Autograd.Cli.Tests;

/// <summary>A command line that is wrong is told in one line that names the values, with exit code 2, before anything is done.</summary>
public sealed class BadCommandLineTests : IDisposable
{
    private readonly Workplace work = new();

    [Theory]
    [InlineData("tran", "there is no command 'tran': the commands are train, predict, tour, devices, check, bench. Did you mean train?")]
    [InlineData("fly", "there is no command 'fly': the commands are train, predict, tour, devices, check, bench.")]
    [InlineData("--what", "there is no option --what.")]
    [InlineData("train --epoch 3", "train: there is no option --epoch. Did you mean --epochs?")]
    [InlineData("train --frobnicate=3", "train: there is no option --frobnicate.")]
    [InlineData("train samples.csv", "train: 'samples.csv' is one word too many.")]
    [InlineData("devices all", "devices: 'all' is one word too many.")]
    [InlineData("train @words", "train: '@words' is one word too many.")]
    [InlineData("train --epochs 0", "--epochs: '0' is not a whole number from 1 to 2147483647.")]
    [InlineData("train --epochs -3", "--epochs: '-3' is not a whole number from 1 to 2147483647.")]
    [InlineData("train --epochs 2.5", "--epochs: '2.5' is not a whole number from 1 to 2147483647.")]
    [InlineData("train --epochs 99999999999", "--epochs: '99999999999' is not a whole number from 1 to 2147483647.")]
    [InlineData("train --batch 0", "--batch: '0' is not a whole number from 1 to 2147483647.")]
    [InlineData("train --batch many", "--batch: 'many' is not a whole number from 1 to 2147483647.")]
    [InlineData("train --lr -0.1", "--lr: '-0.1' is not a finite number above 0.")]
    [InlineData("train --lr 0", "--lr: '0' is not a finite number above 0.")]
    [InlineData("train --lr NaN", "--lr: 'NaN' is not a finite number above 0.")]
    [InlineData("train --lr 1e999", "--lr: '1e999' is not a finite number above 0.")]
    [InlineData("train --lr fast", "--lr: 'fast' is not a finite number above 0.")]
    [InlineData("train --noise -1", "--noise: '-1' is not a finite number of at least 0.")]
    [InlineData("train --seed -1", "--seed: '-1' is not a whole number from 0 to 18446744073709551615.")]
    [InlineData("train --layers abc", "--layers: 'abc' is no list of layer sizes such as 64,128,10: 'abc' is not a whole number of at least 1.")]
    [InlineData("train --layers 64,0,10", "--layers: '64,0,10' is no list of layer sizes such as 64,128,10: '0' is not a whole number of at least 1.")]
    [InlineData("train --layers 64,,10", "--layers: '64,,10' is no list of layer sizes such as 64,128,10: '' is not a whole number of at least 1.")]
    [InlineData("train --layers 64", "--layers: '64' is one layer; there must be at least the features and the classes, such as 64,128,10.")]
    [InlineData("train --layers 64,100000,100000,10", "--layers: '64,100000,100000,10': 100000 × 100000 weights are more than the 2147483647 of a tensor.")]
    [InlineData("train --layers 32,128,10", "--layers: 32,128,10 begins with 32, but the samples of digits have 64 features.")]
    [InlineData("train --layers 64,128,7", "--layers: 64,128,7 ends with 7, but the samples of digits have 10 classes.")]
    [InlineData("train --activation rleu", "--activation: 'rleu' is not one of relu, leaky-relu, tanh, sigmoid, silu, softplus. Did you mean relu?")]
    [InlineData("train --optimizer newton", "--optimizer: 'newton' is not one of adam, adamw, sgd.")]
    [InlineData("train --device cuad", "--device: 'cuad' is no device: the names are cpu, cuda:N, opencl:N, accelerator, host and best. Did you mean cuda?")]
    [InlineData("train --device cuda:x", "--device: 'cuda:x' is no device: the names are cpu, cuda:N, opencl:N, accelerator, host and best.")]
    [InlineData("train --epochs", "--epochs: a value is missing.")]
    [InlineData("train --out --json x", "--out: a value is missing before '--json'.")]
    [InlineData("train --epochs 1 --epochs 2", "--epochs: it is given 2 times.")]
    [InlineData("tour --chapter jacobi", "--chapter: 'jacobi' is not one of gradient, jacobian, determinant, chain-rule, matrices, backpropagation, automatic, hessian, propositions. Did you mean jacobian?")]
    [InlineData("tour --chapter 3", "--chapter: '3' is not one of gradient, jacobian, determinant, chain-rule, matrices, backpropagation, automatic, hessian, propositions.")]
    [InlineData("tour --chapter", "--chapter: a value is missing.")]
    [InlineData("tour --device cuad", "--device: 'cuad' is no device: the names are cpu, cuda:N, opencl:N, accelerator, host and best. Did you mean cuda?")]
    [InlineData("tour --jsn x", "tour: there is no option --jsn. Did you mean --json?")]
    [InlineData("tour jacobian", "tour: 'jacobian' is one word too many.")]
    [InlineData("bench --device cuad", "--device: 'cuad' is no device: the names are cpu, cuda:N, opencl:N, accelerator, host and best. Did you mean cuda?")]
    [InlineData("bench --quik", "bench: there is no option --quik. Did you mean --quick?")]
    [InlineData("bench --json", "--json: a value is missing.")]
    [InlineData("bench cpu", "bench: 'cpu' is one word too many.")]
    [InlineData("check --op matmull", "--op: 'matmull' is no op that is checked. Did you mean matmul?")]
    [InlineData("check --op xyzzy", "--op: 'xyzzy' is no op that is checked.")]
    [InlineData("check --device cuad", "--device: 'cuad' is no device: the names are cpu, cuda:N, opencl:N, accelerator, host and best. Did you mean cuda?")]
    [InlineData("check --quik", "check: there is no option --quik. Did you mean --quick?")]
    [InlineData("check cuda:0", "check: 'cuda:0' is one word too many.")]
    [InlineData("predict", "predict: MODEL is missing.")]
    [InlineData("predict m.safetensors", "predict: --data is missing.")]
    [InlineData("predict --data x", "predict: MODEL is missing.")]
    [InlineData("predict --data", "--data: a value is missing.")]
    [InlineData("train --what --epochs x", "--epochs: 'x' is not a whole number from 1 to 2147483647.")]
    [InlineData("predict m.safetensors --dta x", "predict: there is no option --dta. Did you mean --data?")]
    [InlineData("predict --dta x", "predict: there is no option --dta. Did you mean --data?")]
    public void One_line_and_exit_code_2(string line, string expected)
    {
        var outcome = Workplace.Run([.. line.Split(' '), .. Elsewhere(line)]);

        Assert.Equal($"error: {expected}{Environment.NewLine}", outcome.Error);
        Assert.Equal(2, outcome.Code);
        Assert.Empty(outcome.Output);
        Assert.False(File.Exists(work["model.safetensors"]));
    }

    [Fact]
    public void An_empty_value_is_told()
    {
        var outcome = Workplace.Run("train", "--data", "");

        Assert.Equal((2, $"error: --data: the value is empty.{Environment.NewLine}"), (outcome.Code, outcome.Error));
    }

    [Fact]
    public void No_file_is_named_twice()
    {
        string data = work.WriteSamples();
        string before = File.ReadAllText(data);

        var outcome = Workplace.Run("train", "--data", data, "--out", data);

        Assert.Equal((2, $"error: --out: {data} is already the file of --data.{Environment.NewLine}"), (outcome.Code, outcome.Error));
        Assert.Equal(before, File.ReadAllText(data));
    }

    [Fact]
    public void Layers_must_fit_a_file_of_the_user()
    {
        string data = work.WriteSamples();

        var outcome = Workplace.Run("train", "--data", data, "--layers", "4,8,2", "--out", work["model.safetensors"]);

        Assert.Equal(2, outcome.Code);
        Assert.Equal($"error: --layers: 4,8,2 ends with 2, but the samples of {data} have 3 classes.{Environment.NewLine}", outcome.Error);
        Assert.Empty(outcome.Output);
    }

    public void Dispose() => work.Dispose();

    /// <summary>Should the line be accepted by mistake, the model goes to the folder of the test.</summary>
    private string[] Elsewhere(string line) =>
        line.StartsWith("train --layers", StringComparison.Ordinal) ? ["--out", work["model.safetensors"]] : [];
}
