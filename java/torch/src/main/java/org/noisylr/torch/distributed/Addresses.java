package org.noisylr.torch.distributed;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.noisylr.check.InputException;

/**
 * The address at which the other ranks reach this one. Gloo itself would look up the machine's
 * name, which often has no address that others can reach.
 *
 * @param oneHost whether all ranks are on this host
 */
record Addresses(boolean oneHost) {
  /** The variable that names the network interface to use. */
  static final String INTERFACE = "GLOO_SOCKET_IFNAME";

  private static final Path BOOT = Path.of("/proc/sys/kernel/random/boot_id");
  private static final Path NETWORK = Path.of("/proc/self/ns/net");

  /** Returns a text that is the same in all processes that share this host's loopback address. */
  static String host() {
    try {
      return Files.readString(BOOT).strip() + " " + Files.readSymbolicLink(NETWORK);
    } catch (IOException e) {
      try {
        return InetAddress.getLocalHost().toString();
      } catch (IOException unknown) {
        throw new InputException("this machine has no name: " + unknown.getMessage(), unknown);
      }
    }
  }

  /**
   * @param hosts of all ranks, see {@link #host}
   */
  static Addresses of(List<String> hosts) {
    return new Addresses(hosts.stream().distinct().count() == 1);
  }

  String own(Rendezvous place) {
    if (oneHost) {
      return "127.0.0.1";
    }
    try {
      InetAddress routed = routed(place);
      return (routed != null && isReachable(routed) ? routed : anyOfInterfaces()).getHostAddress();
    } catch (SocketException e) {
      throw new InputException("cannot read the network interfaces: " + e.getMessage(), e);
    }
  }

  /** Returns the address from which packets to the store are sent; null without a TCP store. */
  private static InetAddress routed(Rendezvous place) throws SocketException {
    if (!(place.store() instanceof StoreAddress.Tcp tcp)) {
      return null;
    }
    // Connecting a datagram socket sends nothing.
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.connect(new InetSocketAddress(tcp.host(), tcp.port()));
      return socket.getLocalAddress();
    }
  }

  private static InetAddress anyOfInterfaces() throws SocketException {
    for (NetworkInterface each : NetworkInterface.networkInterfaces().toList()) {
      if (each.isUp() && !each.isPointToPoint()) {
        for (InetAddress address : each.inetAddresses().toList()) {
          if (isReachable(address)) {
            return address;
          }
        }
      }
    }
    throw InputException.of(
        INTERFACE, "must name a network interface, because none with a usable address was found");
  }

  private static boolean isReachable(InetAddress address) {
    return !address.isLoopbackAddress()
        && !address.isLinkLocalAddress()
        && !address.isAnyLocalAddress();
  }
}
