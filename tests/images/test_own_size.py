"""Images that a model resizes itself."""

import numpy as np
from PIL import Image, ImageCms

from lookalike import formats
from lookalike.decoding.resizing import resized
from lookalike.images import decode
from tests.decoding.files import HEIGHT, WIDTH, scene, stored


def test_for_a_model_that_resizes_a_plain_image_is_left_as_large_as_it_is() -> None:
    """What else is to be done to an image is done here, as is resizing a larger one."""
    jpegs = [scene(), scene().resize((4 * 500, 4 * 480))]
    for data in [stored(scene(), "PNG"), *(stored(image, "JPEG", quality=95) for image in jpegs)]:
        left, usual = (decode(data, max_pixels=10**7, largest=largest) for largest in (512, 0))
        assert left.pixels.shape[:2] == ((HEIGHT, WIDTH) if left.width == WIDTH else (480, 500))
        assert (left.width, left.height) == (usual.width, usual.height)
        np.testing.assert_array_equal(np.asarray(resized(Image.fromarray(left.pixels), (224, 224))), usual.pixels)
    turned = Image.Exif()
    turned[formats.ORIENTATION] = 6
    clear = scene().convert("RGBA")
    clear.putalpha(100)
    others = [stored(scene(), "JPEG", exif=turned), stored(clear, "PNG"), stored(scene().convert("L"), "PNG")]
    others += [stored(scene().convert("CMYK"), "JPEG"), stored(scene().resize((513, 9)), "PNG")]
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    others.append(stored(scene(), "PNG", icc_profile=profile))
    for data in others:
        left, usual = (decode(data, max_pixels=10**7, largest=largest) for largest in (512, 0))
        np.testing.assert_array_equal(left.pixels, usual.pixels)
