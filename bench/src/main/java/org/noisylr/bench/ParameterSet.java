package org.noisylr.bench;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.torch.model.ResNet;

/** The {@code float32} parameters of a model, with gradients. */
public enum ParameterSet {
  /** ResNet-20 for CIFAR-10: 59 tensors, 269,722 values. */
  RESNET20(269_722) {
    @Override
    TensorVector tensors() {
      ResNet model = ResNet.resNet20(3, 10);
      model.channelsLast();
      return model.parameters();
    }
  },
  /**
   * VGG-16 for CIFAR-10 with batch norm and a dense layer of 512: 58 tensors, 14,991,946 values.
   */
  VGG16(14_991_946) {
    @Override
    TensorVector tensors() {
      int[] widths = {64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512};
      List<long[]> shapes = new ArrayList<>();
      int in = 3;
      for (int width : widths) {
        layer(shapes, true, width, in, 3, 3);
        in = width;
      }
      layer(shapes, true, 512, 512);
      layer(shapes, false, 10, 512);
      return random(shapes);
    }
  },
  /** Dense layers 784–1024–1024–10: 6 tensors, 1,863,690 values. */
  MLP(1_863_690) {
    @Override
    TensorVector tensors() {
      List<long[]> shapes = new ArrayList<>();
      layer(shapes, false, 1024, 784);
      layer(shapes, false, 1024, 1024);
      layer(shapes, false, 10, 1024);
      return random(shapes);
    }
  };

  /** The number of values in all tensors. */
  final long values;

  ParameterSet(long values) {
    this.values = values;
  }

  abstract TensorVector tensors();

  /** Returns new parameters with random gradients. */
  TensorVector create() {
    torch.manual_seed(1);
    TensorVector parameters = tensors();
    for (long i = 0; i < parameters.size(); i++) {
      Tensor p = parameters.get(i);
      p.mutable_grad().put(torch.randn_like(p).detach());
    }
    return parameters;
  }

  private static void layer(List<long[]> shapes, boolean norm, long... weight) {
    long[] perOutput = {weight[0]};
    shapes.add(weight);
    shapes.add(perOutput);
    if (norm) {
      shapes.add(perOutput);
      shapes.add(perOutput);
    }
  }

  private static TensorVector random(List<long[]> shapes) {
    TensorVector parameters = new TensorVector();
    for (long[] shape : shapes) {
      parameters.push_back(torch.randn(shape).requires_grad_(true));
    }
    return parameters;
  }
}
