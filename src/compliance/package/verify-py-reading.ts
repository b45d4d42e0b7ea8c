/** The part of verify.py that reads a package, a folder or a zip, and refuses what is odd before it is used. */
export const READ_PACKAGE_PY = String.raw`class Folder:
    def __init__(self, path):
        self.path, self.files, self.odd = path, set(), False
        for place, folders, names in os.walk(path):
            for name in folders + names:
                full = os.path.join(place, name)
                if os.path.islink(full):
                    self.odd = True
                elif name in names:
                    self.files.add(os.path.relpath(full, path).replace(os.sep, "/"))

    def read(self, name):
        with open(os.path.join(self.path, name), "rb") as file:
            return file.read()


class Refused(Exception):
    pass


class Zipped:
    """A package in a zip. Nothing of it is written to a disk; what is odd is refused before it is used."""

    def __init__(self, path):
        self.odd, size = False, os.path.getsize(path)
        with open(path, "rb") as file:
            digest, left = hashlib.sha256(), size - 64
            while left > 0:
                chunk = file.read(min(left, 1 << 20))
                if not chunk:
                    break
                digest.update(chunk)
                left -= len(chunk)
            comment = file.read()
            if size < 86 or comment != digest.hexdigest().encode():
                raise Refused("zip-changed")
            if size > MAX_ZIP:
                raise Refused("zip-too-large")
            file.seek(size - 86)
            mark, disks, count, total, length, at, tail = struct.unpack("<4sIHHIIH", file.read(22))
        if mark != b"PK\5\6" or disks or count != total or tail != 64 or at + length != size - 86:
            raise Refused("zip-malformed")
        try:
            self.zip = zipfile.ZipFile(path)
            infos = self.zip.infolist()
        except (zipfile.BadZipFile, ValueError, struct.error, OSError, NotImplementedError):
            raise Refused("zip-malformed")
        if len(infos) != count or any(
                one.flag_bits & ~8 or one.extra or one.comment or one.compress_type not in (0, 8) for one in infos):
            raise Refused("zip-malformed")
        names = [one.orig_filename for one in infos]
        if len(set(name.lower() for name in names)) != len(names) or not all(map(safe, names)):
            raise Refused("zip-unsafe")
        if count > 20010 or sum(one.file_size for one in infos) > MAX_ZIP or any(one.file_size > 1 << 29 for one in infos):
            raise Refused("zip-too-large")
        self.files = set(names)
        for one in infos:
            self.test(one)

    def test(self, one):
        try:
            with self.zip.open(one) as file:
                got = 0
                while True:
                    chunk = file.read(1 << 20)
                    if not chunk:
                        break
                    got += len(chunk)
            if got != one.file_size:
                raise Refused("zip-malformed")
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError, RuntimeError, NotImplementedError):
            raise Refused("zip-malformed")

    def read(self, name):
        if name not in self.files:
            raise OSError(name)
        return self.zip.read(name)


def safe(name):
    match = re.match(r"[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*\Z", name)
    return bool(match) and len(name) <= 300 and not {".", ".."} & set(name.split("/"))


`;
