Console.WriteLine("gpu-autograd");
