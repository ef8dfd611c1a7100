package org.noisylr.train.data.format;

import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.noisylr.check.InputException;

/**
 * The files of a folder, zip or tar by relative path, without hidden ones; paths of folders end in
 * a slash. If the only content of a folder or archive is a folder, the paths are relative to that.
 */
final class ImageTree {
  static final String FOLDER = "/";
  static final int MAX_FILE = 1 << 26;

  private static final long MAX_ARCHIVE = 1L << 32;
  private static final long MAX_KEPT = 1L << 31;
  private static final int MAX_SAMPLE = 20_000;
  private static final int MAX_SAMPLE_DEPTH = 6;

  /** Files that macOS and Windows add to folders. */
  private static final Set<String> SYSTEM_FILES = Set.of("__macosx", "thumbs.db", "desktop.ini");

  private ImageTree() {}

  /**
   * Reads a tree.
   *
   * @param parser may read the files until it returns
   */
  static <T> T read(Path folderOrArchive, Function<SortedMap<String, Source>, T> parser) {
    if (Files.isDirectory(folderOrArchive)) {
      return parser.apply(folder(folderOrArchive));
    }
    if (Tar.mayBe(folderOrArchive)) {
      return parser.apply(unwrap(tar(folderOrArchive)));
    }
    return Source.reading(
        folderOrArchive,
        () -> {
          try (ZipFile zip = new ZipFile(Source.regular(folderOrArchive).toFile())) {
            return parser.apply(unwrap(zip(folderOrArchive, zip)));
          }
        });
  }

  /** Returns whether a part of the path is empty, starts with a dot or was added by a system. */
  static boolean isHidden(String path) {
    return Arrays.stream(path.split(FOLDER))
        .anyMatch(
            part ->
                part.isEmpty()
                    || part.startsWith(".")
                    || SYSTEM_FILES.contains(part.toLowerCase(Locale.ROOT)));
  }

  /** Returns the folder itself or, if its only visible content is a folder, that folder. */
  static Path unwrap(Path folder) {
    List<Path> visible =
        Source.reading(
            folder,
            () -> {
              try (Stream<Path> children = Files.list(folder)) {
                return children
                    .filter(child -> !isHidden(child.getFileName().toString()))
                    .limit(2)
                    .toList();
              }
            });
    return visible.size() == 1 && Files.isDirectory(visible.get(0)) && !ImageFolder.isIn(folder)
        ? visible.get(0)
        : folder;
  }

  private static SortedMap<String, Source> folder(Path folder) {
    Path root = unwrap(folder);
    Lister lister = new Lister(root, Integer.MAX_VALUE);
    Source.reading(folder, () -> lister.walk(Integer.MAX_VALUE));
    return lister.tree;
  }

  /**
   * Returns paths in a folder that may be anything: not all of a large one, and none that cannot be
   * read.
   */
  static Set<String> sample(Path folder) {
    Lister lister = new Lister(folder, MAX_SAMPLE);
    Source.reading(folder, () -> lister.walk(MAX_SAMPLE_DEPTH));
    return lister.tree.keySet();
  }

  private static final class Lister extends SimpleFileVisitor<Path> {
    private final Path root;
    private final int most;
    private final SortedMap<String, Source> tree = new TreeMap<>();

    /**
     * @param most the number of paths after which listing ends
     */
    Lister(Path root, int most) {
      this.root = root;
      this.most = most;
    }

    Path walk(int depth) throws IOException {
      return Files.walkFileTree(root, Set.of(FileVisitOption.FOLLOW_LINKS), depth, this);
    }

    @Override
    public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes ignored) {
      if (path.equals(root)) {
        return FileVisitResult.CONTINUE;
      }
      String name = relative(path);
      return isHidden(name) ? FileVisitResult.SKIP_SUBTREE : add(name + FOLDER, path);
    }

    @Override
    public FileVisitResult visitFile(Path path, BasicFileAttributes file) {
      String name = relative(path);
      return isHidden(name)
          ? FileVisitResult.CONTINUE
          : add(file.isDirectory() ? name + FOLDER : name, path);
    }

    @Override
    public FileVisitResult visitFileFailed(Path path, IOException e) throws IOException {
      if (most == Integer.MAX_VALUE) {
        throw e;
      }
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult postVisitDirectory(Path path, IOException e) throws IOException {
      return e == null ? FileVisitResult.CONTINUE : visitFileFailed(path, e);
    }

    private FileVisitResult add(String name, Path path) {
      tree.put(name, Source.of(path));
      return tree.size() < most ? FileVisitResult.CONTINUE : FileVisitResult.TERMINATE;
    }

    private String relative(Path path) {
      return SystemLocale.checked(root.relativize(path).toString())
          .replace(File.separatorChar, '/');
    }
  }

  private static SortedMap<String, Source> zip(Path path, ZipFile zip) {
    // Unpacking stops at the declared size of an entry, so this bounds the total.
    long unpacked = 0;
    for (ZipEntry entry : (Iterable<ZipEntry>) zip.stream().map(ZipEntry.class::cast)::iterator) {
      unpacked += Math.max(0, entry.getSize());
      if (unpacked > MAX_ARCHIVE || unpacked < 0) {
        throw new InputException(path + " must unpack to at most " + MAX_ARCHIVE + " bytes");
      }
    }
    SortedMap<String, Source> tree = new TreeMap<>();
    zip.stream()
        .forEach(
            entry -> {
              String name = path + "!" + entry.getName();
              tree.put(entry.getName(), new Source(name, () -> open(name, zip, entry)));
            });
    return tree;
  }

  private static InputStream open(String name, ZipFile zip, ZipEntry entry) throws IOException {
    try (InputStream in = zip.getInputStream(entry)) {
      byte[] bytes =
          Source.readAll(name, in, (int) Math.min(Math.max(0, entry.getSize()), MAX_FILE));
      CRC32 crc = new CRC32();
      crc.update(bytes);
      if (entry.getCrc() != crc.getValue()) {
        throw new ZipException("wrong checksum");
      }
      return new ByteArrayInputStream(bytes);
    }
  }

  private static SortedMap<String, Source> tar(Path path) {
    return Source.of(path)
        .read(
            in -> {
              SortedMap<String, Source> tree = new TreeMap<>();
              Tar tar = Tar.of(path, in, MAX_ARCHIVE);
              long kept = 0;
              for (TarArchiveEntry entry; (entry = tar.next()) != null; ) {
                String file = Tar.path(entry);
                String name = path + "!" + file;
                boolean image = entry.isFile() && ImageFolder.isImage(file);
                if (image) {
                  Tar.checkNoLink(name, entry);
                }
                byte[] bytes = image ? Source.readAll(name, tar.content(), MAX_FILE) : new byte[0];
                kept += bytes.length;
                if (kept > MAX_KEPT) {
                  throw new InputException(
                      path + " must have at most " + MAX_KEPT + " bytes of images");
                }
                tree.put(file, new Source(name, () -> new ByteArrayInputStream(bytes)));
              }
              tar.finish();
              return tree;
            });
  }

  /** Returns the visible part of the tree, relative to the outer folder if there is one. */
  private static SortedMap<String, Source> unwrap(SortedMap<String, Source> tree) {
    SortedMap<String, Source> visible = new TreeMap<>();
    tree.forEach(
        (path, source) -> {
          if (!isHidden(path)) {
            visible.put(path, source);
          }
        });
    Set<String> tops =
        visible.keySet().stream()
            .filter(path -> path.contains(FOLDER))
            .map(path -> path.substring(0, path.indexOf(FOLDER)))
            .collect(Collectors.toSet());
    if (tops.size() != 1 || tops.stream().anyMatch(ImageFolder::isSplit)) {
      return visible;
    }
    String top = tops.iterator().next() + FOLDER;
    SortedMap<String, Source> inner = new TreeMap<>();
    visible.forEach(
        (path, source) ->
            inner.put(path.startsWith(top) ? path.substring(top.length()) : path, source));
    inner.remove("");
    return inner;
  }
}
