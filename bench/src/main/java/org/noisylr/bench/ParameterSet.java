package org.noisylr.bench;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.noisylr.torch.model.ResNet;
import org.noisylr.torch.model.Vgg16;

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
      // The recorded times are those of contiguous parameters.
      return new Vgg16(3, 10, true, false).parameters();
    }
  },
  /** Dense layers 784–1024–1024–10: 6 tensors, 1,863,690 values. */
  MLP(1_863_690) {
    @Override
    TensorVector tensors() {
      long[][] shapes = {{1024, 784}, {1024}, {1024, 1024}, {1024}, {10, 1024}, {10}};
      TensorVector parameters = new TensorVector();
      for (long[] shape : shapes) {
        parameters.push_back(torch.randn(shape).requires_grad_(true));
      }
      return parameters;
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
}
